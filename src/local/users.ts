// The TempAuth users of a local cluster. Test users only; the service user's key is made per cluster.

/** A TempAuth user: logs in as `account:user`. */
export interface LocalUser {
  readonly account: string;
  readonly user: string;
  readonly key: string;
  readonly groups: readonly string[];
}

/** The users Swift's own functional tests know, and a reseller admin. */
export const TEST_USERS: readonly LocalUser[] = [
  { account: 'test', user: 'tester', key: 'testing', groups: ['.admin'] },
  { account: 'test2', user: 'tester2', key: 'testing2', groups: ['.admin'] },
  { account: 'test', user: 'tester3', key: 'testing3', groups: [] },
  { account: 'test5', user: 'tester5', key: 'testing5', groups: ['service'] },
  { account: 'test6', user: 'tester6', key: 'testing6', groups: ['.admin'] },
  { account: 'admin', user: 'admin', key: 'admin', groups: ['.admin', '.reseller_admin'] },
];

/** The user by which a gateway does its own work in its cluster. */
export function serviceUser(key: string): LocalUser {
  return { account: 'autosync', user: 'service', key, groups: ['.admin', '.reseller_admin'] };
}

/** Users `t1:u` … `tN:u` with the keys `k1` … `kN`: one account for each test. */
export function numberedUsers(count: number): LocalUser[] {
  return Array.from({ length: count }, (_, index) => ({
    account: `t${index + 1}`,
    user: 'u',
    key: `k${index + 1}`,
    groups: ['.admin'],
  }));
}

/** The users as options of `[filter:tempauth]`. */
export function tempauthOptions(users: readonly LocalUser[]): Record<string, string> {
  return Object.fromEntries(
    users.map(({ account, user, key, groups }) => [`user_${account}_${user}`, [key, ...groups].join(' ')]),
  );
}
