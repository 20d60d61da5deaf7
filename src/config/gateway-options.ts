// The options of the gateway as a proxy: [DEFAULT], the pipeline, [app:proxy] and [filter:placement].
import { option } from './option.js';
import type { Table } from './option.js';
import * as is from './types.js';

const DAY = 86_400;

/** What `...autosync...` stands for, and what is used without [pipeline:main]. */
export const DEFAULT_PIPELINE = 'catch_errors healthcheck placement autosync proxy';

export const DEFAULT_OPTIONS = {
  bind_ip: option(is.address, { default: '0.0.0.0', doc: 'The address clients reach the gateway at.' }),
  bind_port: option(is.port, { default: '8080', doc: 'The port clients reach the gateway at.' }),
  workers: option(is.workers, {
    default: 'auto',
    doc: 'How many gateway processes take requests. "auto" is one for each core.',
  }),
  cert_file: option(is.path, {
    example: '/etc/swift/autosync.crt',
    doc: 'Certificate (PEM, with its chain) for TLS with clients and peers. Without it and key_file, plain HTTP is spoken.',
  }),
  key_file: option(is.path, {
    example: '/etc/swift/autosync.key',
    doc: 'The private key (PEM) of cert_file.',
  }),
  swift_dir: option(is.path, {
    example: '/etc/swift',
    defaultWords: 'the folder this file is in; for a conf.d folder, the one around it',
    doc: 'Where container-sync-realms.conf is read from.',
  }),
  log_level: option(is.oneOf('DEBUG', 'INFO', 'WARNING', 'ERROR'), {
    default: 'INFO',
    doc: 'Lines of less importance than this are not logged.',
  }),
  allowed_sync_hosts: option(is.hosts, {
    default: '127.0.0.1',
    doc: 'Only where clusters are named by URL (autosync_my_cluster): the hosts that container sync may come from and go to, as in Swift. Has to hold the host of every peer.',
  }),
  max_header_size: option(is.bytes(1024, 1_048_576), {
    default: '73728',
    doc: 'The most that the request line and headers of one request may take together; the default is what Swift itself takes (8 KiB and 64 KiB). More is answered 431.',
  }),
  header_timeout: option(is.seconds(0.1, 3600), {
    default: '30',
    doc: 'How long a client may take for the whole head of a request. Then the answer is 408.',
  }),
  keepalive_timeout: option(is.seconds(0.1, 3600), {
    default: '60',
    doc: "How long a client's connection is kept open between two requests.",
  }),
  client_timeout: option(is.seconds(0.1, DAY), {
    default: '60',
    doc: 'How long a client may be silent in the middle of a request, or take nothing of an answer, before its connection is closed.',
  }),
  max_connections: option(is.integer(1, 1_000_000), {
    default: '10000',
    doc: "The most client connections at one time, for each worker. More wait in the system's queue.",
  }),
} satisfies Table;

export const PIPELINE_OPTIONS = {
  pipeline: option(is.wordList, {
    default: DEFAULT_PIPELINE,
    doc: 'The filters a request passes, outermost first, and the app at the end. The built-in names need no section of their own; your own module needs one, with "use". "...autosync..." means the default pipeline.',
  }),
} satisfies Table;

export const PROXY_OPTIONS = {
  upstream: option(is.httpServers, {
    isRequired: true,
    example: 'http://127.0.0.1:8081',
    doc: "This cluster's Swift proxy servers. Requests go to them in turn.",
  }),
  connect_timeout: option(is.seconds(0.01, 60), {
    default: '1',
    doc: 'How long connecting to a Swift proxy server may take. Then the next one is tried.',
  }),
  response_timeout: option(is.seconds(0.1, DAY), {
    default: '300',
    doc: 'How long a Swift proxy server may be silent before its answer or in the middle of it.',
  }),
  max_idle_connections: option(is.integer(0, 100_000), {
    default: '128',
    doc: 'The most unused connections kept open to each Swift proxy server, for each worker.',
  }),
  idle_timeout: option(is.seconds(0.1, 3600), {
    default: '20',
    doc: 'How long an unused connection to a Swift proxy server is kept open.',
  }),
  eject_after: option(is.integer(1, 1000), {
    default: '3',
    doc: 'After so many failures in a row a Swift proxy server gets no requests for eject_time.',
  }),
  eject_time: option(is.seconds(0.1, 60), {
    default: '5',
    doc: 'How long that is the first time. It doubles with every further failure, up to 60 seconds.',
  }),
} satisfies Table;

export const PLACEMENT_OPTIONS = {
  default: option(is.clusters, {
    example: 'primary, secondary',
    defaultWords: 'every cluster of the realm, or of autosync_placement',
    doc: 'The clusters that hold the objects of a container that no rule is for. The first is read from first; the order is that of the ring.',
  }),
  placement_failure: option(is.oneOf('default', 'refuse'), {
    default: 'default',
    doc: 'What to do when a placement engine of your own throws or does not answer: take "default" above, or refuse the request with 503, reads included.',
  }),
  placement_timeout: option(is.seconds(0.01, 60), {
    default: '1',
    doc: 'How long a placement engine of your own may take for one answer.',
  }),
} satisfies Table;

/** The option of [filter:placement] that there can be any number of. */
export const RULE_PREFIX = 'rule_';
