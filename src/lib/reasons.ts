// The table of reasons why something is not as it should be: stable codes, for people and monitoring (docs/reference/reasons.md).

interface Reason {
  readonly meaning: string;
  /** What happens next, by itself. */
  readonly next: string;
  /** What a person can do. */
  readonly fix: string;
}

export const REASONS = {
  PEER_DOWN: {
    meaning: "The peer's gateway does not answer.",
    next: 'It is asked again every few seconds; then everything pending goes there.',
    fix: 'Start the gateway there, or mend the network between the clusters.',
  },
  PEER_REFUSED: {
    meaning: 'The peer refused the change.',
    next: 'It is sent again, less and less often.',
    fix: 'Read what the peer said, and its log.',
  },
  PEER_AUTH: {
    meaning: "The peer does not take this gateway's signature, or its Swift does not take its service user.",
    next: 'It is sent again, less and less often.',
    fix: 'Run `autosync check` on both sides: secret file, clocks and [service] have to be right.',
  },
  PEER_BEHIND: {
    meaning: 'The peer had not heard of a change.',
    next: 'It is told again.',
    fix: 'Nothing, unless it happens again and again.',
  },
  CLOCK_SKEW: {
    meaning: 'The clocks of two clusters differ by more than max_clock_skew.',
    next: 'The change is sent again, less and less often.',
    fix: 'Set the clocks right (NTP).',
  },
  CONTAINER_MISSING: {
    meaning: 'The container is recorded, and was not here.',
    next: 'It is made again, with all its settings.',
    fix: 'Nothing, unless it happens again and again.',
  },
  SETTINGS_DRIFT: {
    meaning: 'Settings of the container were not as recorded.',
    next: 'They are set.',
    fix: 'Nothing, unless it happens again and again.',
  },
  CHANGED_HERE: {
    meaning: 'Somebody changed or created the container past the gateways.',
    next: 'The change is taken over, and goes to all clusters.',
    fix: 'Send changes through the gateways: they are quicker, and safer.',
  },
  DELETED_HERE: {
    meaning: 'Somebody deleted the container past the gateways.',
    next: 'It is deleted everywhere, unless a cluster holds objects that were never seen here: then it lives again.',
    fix: 'Send deletions through the gateways.',
  },
  SYNC_TO_WRONG: {
    meaning:
      "The container's sync-to was not what the ring wants, or its key not yet that of the newest secret.",
    next: 'They are set.',
    fix: 'Nothing, unless it happens again and again.',
  },
  KEY_MISMATCH: {
    meaning:
      'The container had no sync key here, or another than the other clusters: its objects were not synced.',
    next: 'The key that derives from the secret file is set, and what waited is synced. With user_sync = allow, keys that owners chose stay as they are.',
    fix: 'With user_sync = allow: let the owner set the key once more, through a gateway. Else nothing, unless it happens again and again.',
  },
  REALM_KEY_MISMATCH: {
    meaning:
      "A Swift refuses requests that are signed with this cluster's realm key: objects are not synced there.",
    next: 'It is tried again in each audit. What waits is synced once the keys are equal.',
    fix: 'Write the same key into container-sync-realms.conf of both clusters, of gateway and Swift alike, on every proxy server. Swift reads it again within mtime_check_interval.',
  },
  DELETE_BLOCKED: {
    meaning: 'A container that was deleted elsewhere is still at a cluster, or was: it may hold objects.',
    next: 'It is deleted there, with objects deleted elsewhere; one never seen elsewhere makes the container live again.',
    fix: 'Nothing. If it stays, see that the clusters reach each other.',
  },
  VERSIONED: {
    meaning: 'A cluster keeps versions of this container, which Swift cannot sync.',
    next: 'Its settings are kept equal; its objects stay where they are written.',
    fix: 'Take versioning away, or delete the container and make it again, to have its objects synced.',
  },
  SHARDED: {
    meaning: 'A cluster shards this container, and Swift does not sync sharded containers to others.',
    next: 'Its settings are kept equal, and it takes objects; copy jobs and the object audit bring what is written there to the others.',
    fix: 'Keep copy_jobs and object_audit_interval on, or spread its objects over smaller containers: there is no container sync behind them.',
  },
  POLICY_MISSING: {
    meaning: "The container's storage policy does not exist on this cluster.",
    next: 'The container is not made here. It is tried again, less and less often.',
    fix: 'Say in [filter:autosync] policy_map there which policy stands for it, add one of that name to swift.conf, or place the container elsewhere.',
  },
  POLICY_CONFLICT: {
    meaning:
      'The container has another storage policy on this cluster than policy_map says. Swift cannot change it.',
    next: 'Settings and objects are kept equal all the same.',
    fix: 'Mend [filter:autosync] policy_map, or empty the container, delete it and make it again.',
  },
  METADATA_LIMIT: {
    meaning: 'Swift refused the settings of the container: a limit on metadata is lower here than elsewhere.',
    next: 'It is tried again, less and less often.',
    fix: 'Make [swift-constraints] in swift.conf equal on all clusters.',
  },
  QUOTA: {
    meaning: 'A quota was reached: Swift takes no more of it there.',
    next: 'It is tried again, less and less often.',
    fix: 'Raise the quota, or max_containers_per_account in proxy-server.conf.',
  },
  DISK_FULL: {
    meaning: 'Swift has no room.',
    next: 'It is tried again, less and less often.',
    fix: 'Add disks, or delete something.',
  },
  SWIFT_TROUBLE: {
    meaning: 'The local Swift failed or refused.',
    next: 'It is tried again.',
    fix: "Read Swift's log. Is the user of [service] a reseller admin?",
  },
  CLUSTER_WIPED: {
    meaning: 'Databases or objects of this cluster were lost: not all of its marker is there any more.',
    next: 'What is missing is made again, and counts nowhere as deleted.',
    fix: 'Objects on disk that no listing shows any more have to be uploaded again, or deleted by name.',
  },
  ACCOUNT_DELETING: {
    meaning: 'The account was deleted on another cluster, and is still here.',
    next: 'It is deleted here after account_delete_delay, unless anything in it turns out to be newer than its deletion.',
    fix: 'Nothing; or POST to the account with `X-Autosync-Cancel-Delete: true`, at any cluster, to keep it.',
  },
  ACCOUNT_DELETED: {
    meaning: 'The account was deleted on another cluster, and its time had come.',
    next: "It is deleted here; Swift's reaper deletes what is in it.",
    fix: 'Nothing.',
  },
  ACCOUNT_KEPT: {
    meaning: 'The account was deleted on another cluster, but something in it is newer than that.',
    next: 'The deletion is taken back, on all clusters that have not carried it out.',
    fix: 'If it is to go all the same, delete it once more where it still is.',
  },
  ACCOUNT_GONE: {
    meaning: "The account is deleted in this cluster's Swift, and by no record is it to be.",
    next: 'Nothing is deleted elsewhere. As soon as Swift lets it be made again (after its own reclaim_age), it is, with its containers.',
    fix: 'If it is to go everywhere, DELETE it once more through a gateway of this cluster.',
  },
  FENCED: {
    meaning:
      'The cluster was away for about as long as Swift remembers deletions: what it holds may have been deleted elsewhere.',
    next: 'Containers are kept equal, and clients are served; no object goes from it or to it.',
    fix: 'Run `autosync cluster rejoin NAME --dry-run`, then without --dry-run.',
  },
  RECLAIM_RISK: {
    meaning:
      'There has been no contact with the cluster for more than half of the time after which it is fenced.',
    next: 'It is fenced when nobody hears of it until then.',
    fix: 'Mend what keeps the clusters apart, and see that the daemon runs on both.',
  },
  COPIES_BEHIND: {
    meaning:
      'Objects that clients wrote here have not come to the peer for more than ten seconds, or it takes none at the moment.',
    next: 'They are copied as fast as it takes them; after an error it is tried again every 0.5 to 30 s.',
    fix: 'See what the peer answers, and whether the network between the clusters is fast enough. More at once: copy_concurrency.',
  },
  COPIES_UNPROVEN: {
    meaning:
      'Copies were dropped, refused or lost, and nobody has found the containers equal at the peer since.',
    next: 'Container sync brings what is missing. The copier compares listings until nothing is; then this ends.',
    fix: 'If it stays, see that container sync runs on this cluster, and what the log says of refused copies. If it comes again, raise copy_queue_length.',
  },
  COPIER_SILENT: {
    meaning:
      'The copier of a gateway has not been heard of for 30 s, and did not say that it ends: what it had to copy is not known.',
    next: 'When it is back, or after ten minutes another copier of this cluster, it compares all containers.',
    fix: 'Start that gateway again, or see whether it can write its report: records and the local Swift.',
  },
  CANARY_LOST: {
    meaning: 'The canary object has not come to the peer for more than a minute.',
    next: 'Another one is sent every canary_interval.',
    fix: 'See what the peer answered (`autosync status`): its gateway, its Swift or its service user does not take it.',
  },
  OBJECTS_MISSING: {
    meaning: 'Objects were not on all clusters, or older on some, for longer than they are on their way.',
    next: 'The newest copy of each goes there.',
    fix: 'If it stays, run `autosync verify ACCOUNT/CONTAINER`: it names them, and says what keeps them from being copied.',
  },
  OBJECTS_STRAY: {
    meaning:
      'Objects were on a cluster where their container is not placed: written past the gateways, or left by a placement that changed.',
    next: 'They go to a cluster where it is placed, unless that has newer ones or deleted them since; then they are deleted where they do not belong.',
    fix: 'If it stays, see that all clusters of the placement can be reached: nothing is deleted while one cannot. What is older than reclaim_age may have been deleted there: `autosync verify ACCOUNT/CONTAINER --repair --force` takes it home. Send objects through the gateways.',
  },
  OBJECTS_ORPHANED: {
    meaning: 'Objects were deleted on one cluster, and were still on another.',
    next: 'They are deleted there as well, unless they are older than reclaim_age or too many at once.',
    fix: 'Run `autosync verify ACCOUNT/CONTAINER --repair --dry-run`; then with a larger --max-delete, or with --force, as it says.',
  },
  OBJECTS_DIFFER: {
    meaning: 'Clusters hold different objects of one name and date: Swift replaces neither.',
    next: 'One of them is dated a moment later, and replaces the others.',
    fix: 'Where it is the wrong one, upload the right one again.',
  },
  OBJECTS_UNCLEAR: {
    meaning: 'Objects could not be compared on all clusters.',
    next: 'They are compared again in the next object audit.',
    fix: "Run `autosync verify ACCOUNT/CONTAINER`, and read Swift's log there.",
  },
  NOT_ADOPTED: {
    meaning: 'The container was there before autosync, and is in no record.',
    next: 'It is left alone.',
    fix: 'Run `autosync adopt ACCOUNT` to have it on all clusters.',
  },
  UNRECORDED: {
    meaning: 'Records could not be written.',
    next: 'The audit takes the change over.',
    fix: 'See that the service user can write to its own account, and that the local Swift is well.',
  },
} as const satisfies Record<string, Reason>;

export type ReasonCode = keyof typeof REASONS;
