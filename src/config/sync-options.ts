// The options of what makes several clusters one: [filter:autosync], [service], [cluster:NAME], [admin], [daemon].
import { bandwidth } from './bandwidth.js';
import { option } from './option.js';
import type { Table } from './option.js';
import * as is from './types.js';

const YEAR = 31_536_000;

const DAY = 86_400;

export const AUTOSYNC_OPTIONS = {
  my_cluster: option(is.text, {
    example: '//realm/primary',
    doc: 'This cluster as //REALM/CLUSTER, by its names in container-sync-realms.conf. Either this or autosync_my_cluster has to be given.',
  }),
  accounts: option(is.patterns, {
    example: 'AUTH_*',
    defaultWords: 'none, it has to be given; with autosync_my_cluster, *',
    doc: 'The accounts that are kept the same on all clusters; !PATTERN takes out, as in AUTH_*, !AUTH_bob. Requests for others go through untouched. Write the same on all clusters.',
  }),
  consistency: option(is.oneOf('eventual', 'quorum', 'strict'), {
    default: 'eventual',
    doc: 'When an account or container change is a success: once this cluster and the record of it hold (eventual), once most clusters hold it too (quorum), or only once all do (strict). What is behind is completed later in any case.',
  }),
  peer_auth: option(is.oneOf('service', 'token'), {
    defaultWords: 'service where there is a [service] section, else token',
    example: 'service',
    doc: "With what rights a peer's change is made here, and objects are read: those of the service user, or the client's own token (only where all clusters share one identity service).",
  }),
  override_auth: option(is.boolean, {
    default: 'false',
    doc: "The original autosync's option: true is the same as peer_auth = service.",
  }),
  secret_file: option(is.path, {
    example: '/etc/swift/autosync-secrets',
    defaultWords: 'autosync-secrets in swift_dir',
    doc: 'The secrets that all gateways of the realm share, as "autosync secrets new" writes them.',
  }),
  user_sync: option(is.oneOf('deny', 'allow'), {
    default: 'deny',
    doc: "What happens to container sync settings of a client's own, in the accounts above.",
  }),
  peer_timeout: option(is.seconds(0.05, 600), {
    default: '5',
    doc: 'The most that a slow peer can cost an account or container change. Then it is pending there.',
  }),
  peer_probe_interval: option(is.seconds(0.1, 3600), {
    default: '2',
    doc: 'How often a peer that is down is asked whether it is back.',
  }),
  max_clock_skew: option(is.seconds(0.1, 3600), {
    default: '30',
    doc: "How far a peer's clock may be off. What is dated further ahead is refused.",
  }),
  account_delete_delay: option(is.seconds(0, YEAR), {
    default: '86400',
    doc: 'How long after an account DELETE on another cluster the daemon deletes the account here. Until then it can be taken back. The same on all clusters.',
  }),
  object_ack: option(is.oneOf('local', 'all'), {
    default: 'local',
    doc: 'When a change of an object is a success: once this cluster has it (local), or once every cluster that can be reached has it too, or peer_timeout is over (all): then X-Autosync-Pending names who has not, and with consistency = strict it is a 503. A rule of [filter:placement] and X-Container-Meta-Autosync-Object-Ack of a container go before this. All needs copy_jobs.',
  }),
  copy_jobs: option(is.boolean, {
    default: 'true',
    doc: "Whether objects leave for the peers as soon as a client has written them. Where it is false, they wait for Swift's own container sync.",
  }),
  copy_concurrency: option(is.integer(1, 256), {
    default: '8',
    doc: 'Objects that are copied to one peer at once.',
  }),
  copy_queue_length: option(is.integer(1, 1_000_000), {
    default: '10000',
    doc: 'Objects that wait to be copied to one peer at most. Those beyond are left to container sync.',
  }),
  copy_bandwidth: option(bandwidth, {
    example: '50 MB/s; 08:00-18:00 10 MB/s; 22:00-06:00 unlimited',
    defaultWords: 'no limit',
    doc: "How many bytes of objects this host's copier may send to one peer in a second, all transfers to it together: first for the whole day, then for windows of it, by the clock of the host; a window may go over midnight. Units are B/s, KB/s, MB/s, GB/s, KiB/s, MiB/s, GiB/s (bytes) and kbit/s, Mbit/s, Gbit/s. It holds also for a transfer under way when a window begins or ends. So that none stands still, one object at once is copied for each 32 KB/s, up to copy_concurrency. Not limited are deletions and metadata, the copies that the object audit and verify --repair ask for, and Swift's own container sync, which brings what copies did not.",
  }),
  namespace: option(is.oneOf('everywhere', 'placed'), {
    default: 'everywhere',
    doc: 'Where containers exist, with their metadata and ACLs: on every cluster of the realm, so that each can say what a client may do, or only where their objects are placed.',
  }),
  read_order: option(is.clusters, {
    example: 'secondary, archive',
    defaultWords: 'the fastest first, as measured',
    doc: 'Which other clusters are asked first for an object that this one does not have. Those that are not named come after, the fastest first.',
  }),
  hedge_delay: option(is.seconds(0, 60), {
    default: '0.3',
    doc: 'How long one cluster is waited for before the next one is asked for the same object as well. The first that has it serves it.',
  }),
  fallback_timeout: option(is.seconds(0, 600), {
    default: '3',
    doc: 'The most that looking for an object on other clusters may take, until its first byte, or asking them for an account. 0: this cluster only is read.',
  }),
  negative_ttl: option(is.seconds(0, 60), {
    default: '1',
    doc: 'How long the other clusters are not asked again for an object that none of them had.',
  }),
  failover: option(is.oneOf('none', 'reads', 'all'), {
    default: 'reads',
    doc: 'What other clusters answer while no proxy server of this one does: nothing; reads of accounts, containers and objects; or all of these, and changes of objects and containers and of the metadata of accounts, which come here when it is back. They are sent as the client sent them, and judged there: public containers, TempURLs, and tokens where all clusters share one identity service. Others are a 503 that says so.',
  }),
  canary_interval: option(is.seconds(0, 3600), {
    default: '10',
    doc: 'How often a small object of our own goes the whole way to each peer, so that the time it takes is measured even while clients write nothing; 0: never.',
  }),
  replication_objective: option(is.objective, {
    default: '99.9 % in 60 s',
    doc: 'How large a part of the copies is to arrive within what time, deletions and metadata included. Status and metrics say how it was kept in the last day, and how many more may be late.',
  }),
  delete_probe_limit: option(is.integer(0, 1_000_000), {
    default: '1000',
    doc: 'The most objects left on peers that are settled within one container DELETE. The daemon does the rest.',
  }),
  policy_map: option(is.policyMap, {
    example: 'gold: standard, *: default',
    defaultWords: 'none: every storage policy has the same name everywhere',
    doc: 'Which storage policy of this cluster stands for which of another cluster\'s, where names differ. NAME THERE: NAME HERE, with commas between. "*" on the left stands for every policy that this cluster does not have, "default" on the right for this cluster\'s default policy. A container whose policy this cluster does not have, and that nothing here stands for, is not made here (POLICY_MISSING).',
  }),
  autosync_my_cluster: option(is.url, {
    example: 'http://primary.example.com:8080',
    doc: "The original autosync's option: this cluster's URL. Clusters are then named by URL, and container sync uses full URLs in place of a realm.",
  }),
  autosync_placement: option(is.urls, {
    example: 'http://primary.example.com:8080, http://secondary.example.com:8080',
    doc: "The original autosync's option: the URLs of all clusters, this one included. Goes with autosync_my_cluster.",
  }),
} satisfies Table;

export const SERVICE_OPTIONS = {
  auth_version: option(is.oneOf('1', '3'), {
    isRequired: true,
    example: '3',
    doc: '1 for TempAuth, 3 for Keystone.',
  }),
  auth_url: option(is.url, {
    isRequired: true,
    example: 'http://keystone:5000/v3',
    doc: 'Where tokens are issued: http://HOST:PORT/auth/v1.0 or http://HOST:PORT/v3.',
  }),
  user: option(is.text, {
    example: 'autosync:autosync',
    doc: 'auth_version 1: ACCOUNT:USER of a user with .reseller_admin.',
  }),
  key: option(is.text, { example: 'KEY', doc: 'auth_version 1: the key of that user.' }),
  username: option(is.text, {
    example: 'autosync',
    doc: 'auth_version 3: a user with the role ResellerAdmin.',
  }),
  user_domain_name: option(is.text, { default: 'Default', doc: "auth_version 3: the user's domain." }),
  password: option(is.text, { example: 'PASSWORD', doc: 'auth_version 3: the password of that user.' }),
  project_name: option(is.text, {
    example: 'autosync',
    doc: 'auth_version 3: the project whose account holds the records. Better one that nobody else is in: whoever reads its account reads them.',
  }),
  project_domain_name: option(is.text, { default: 'Default', doc: "auth_version 3: the project's domain." }),
  application_credential_id: option(is.text, {
    example: 'ID',
    doc: 'auth_version 3: an application credential, in place of username, password and project_name.',
  }),
  application_credential_secret: option(is.text, {
    example: 'SECRET',
    doc: 'auth_version 3: the secret of that application credential.',
  }),
  region_name: option(is.text, {
    example: 'RegionOne',
    doc: "auth_version 3: the region of this cluster in Keystone's catalogue, where there are several.",
  }),
  timeout: option(is.seconds(0.1, 600), { default: '5', doc: 'How long the identity service may take.' }),
  reseller_prefix: option(is.text, {
    default: 'AUTH_',
    doc: "What this cluster's account names begin with. Names the service user's own account where the catalogue does not.",
  }),
} satisfies Table;

export const CLUSTER_OPTIONS = {
  gateway: option(is.url, {
    isRequired: true,
    example: 'http://10.0.2.1:8080',
    doc: 'Where that cluster\'s gateway is, if the realms file names its Swift proxy servers instead. A "/v1" at the end may be left out.',
  }),
} satisfies Table;

export const ADMIN_OPTIONS = {
  bind_ip: option(is.address, {
    default: '127.0.0.1',
    doc: 'The address that status and metrics are shown at.',
  }),
  bind_port: option(is.port, {
    default: '8090',
    doc: 'The port that status and metrics are shown at.',
  }),
} satisfies Table;

export const DAEMON_OPTIONS = {
  pending_interval: option(is.seconds(0.1, 3600), {
    default: '2',
    doc: 'The pause between two looks at what peers did not take yet.',
  }),
  audit_interval: option(is.seconds(1, 7 * DAY), {
    default: '300',
    doc: 'The pause between two passes over everything recorded.',
  }),
  reclaim_age: option(is.seconds(3600, 10 * YEAR), {
    default: '604800',
    doc: "As in Swift's object-server.conf, the longest of all clusters': for so long a deletion is remembered after all clusters have heard of it.",
  }),
  look_every: option(is.integer(1, 1000), {
    default: '12',
    doc: 'Each container is looked at (HEAD) once in so many passes, even where no listing shows a difference: settings changed past the gateways are found so.',
  }),
  requests_per_second: option(is.integer(0, 100_000), {
    default: '100',
    doc: "The most requests that the daemon sends in a second to this cluster's Swift, and to each peer; 0 is no limit. It slows down by itself while answers take far longer than usual, or are 503, 429 or 498.",
  }),
  containers_per_second: option(is.integer(0, 1_000_000), {
    default: '0',
    doc: 'The most containers that an audit compares in a second, listing against listing; 0 is no limit.',
  }),
  object_audit_interval: option(is.seconds(0, 30 * DAY), {
    default: '3600',
    doc: 'The pause between two comparisons of all objects on all clusters, which copy what is missing; containers that did not change since they were proven equal are passed over. 0: never; then only `autosync verify` compares objects.',
  }),
  processes: option(is.integer(0, 1024), {
    default: '0',
    doc: "How many daemons share the containers of this cluster between them, on one or several hosts, as in Swift's object expirer; 0 or 1: each daemon does all.",
  }),
  process: option(is.integer(0, 1023), {
    default: '0',
    doc: 'Which of the processes this daemon is, counted from 0.',
  }),
} satisfies Table;
