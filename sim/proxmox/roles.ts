/** The privileges of Proxmox VE 9 and the roles it is installed with. */
const GROUPS: Record<string, { root: string[]; admin: string[]; user: string[]; audit: string[] }> = {
  VM: {
    root: [],
    admin: [
      'VM.Config.Disk',
      'VM.Config.CPU',
      'VM.Config.Memory',
      'VM.Config.Network',
      'VM.Config.HWType',
      'VM.Config.Options',
      'VM.Allocate',
      'VM.Clone',
      'VM.GuestAgent.Unrestricted',
      'VM.Migrate',
      'VM.Replicate',
      'VM.Snapshot',
      'VM.Snapshot.Rollback',
    ],
    user: [
      'VM.Config.CDROM',
      'VM.Config.Cloudinit',
      'VM.Console',
      'VM.Backup',
      'VM.GuestAgent.FileRead',
      'VM.GuestAgent.FileSystemMgmt',
      'VM.GuestAgent.FileWrite',
      'VM.PowerMgmt',
    ],
    audit: ['VM.Audit', 'VM.GuestAgent.Audit'],
  },
  Sys: {
    root: ['Sys.PowerMgmt', 'Sys.Modify', 'Sys.Incoming', 'Sys.AccessNetwork'],
    admin: ['Sys.Console', 'Sys.Syslog'],
    user: [],
    audit: ['Sys.Audit'],
  },
  Datastore: {
    root: [],
    admin: ['Datastore.Allocate', 'Datastore.AllocateTemplate'],
    user: ['Datastore.AllocateSpace'],
    audit: ['Datastore.Audit'],
  },
  SDN: { root: [], admin: ['SDN.Allocate', 'SDN.Audit'], user: ['SDN.Use'], audit: ['SDN.Audit'] },
  User: {
    root: ['Realm.Allocate'],
    admin: ['User.Modify', 'Group.Allocate', 'Realm.AllocateUser'],
    user: [],
    audit: [],
  },
  Pool: { root: [], admin: ['Pool.Allocate'], user: ['Pool.Audit'], audit: ['Pool.Audit'] },
  Mapping: { root: [], admin: ['Mapping.Modify'], user: ['Mapping.Use'], audit: ['Mapping.Audit'] },
}

export const ALL_PRIVILEGES: readonly string[] = [
  ...new Set([
    'Permissions.Modify',
    ...Object.values(GROUPS).flatMap((group) => [
      ...group.root,
      ...group.admin,
      ...group.user,
      ...group.audit,
    ]),
  ]),
]

export function builtinRoles(): Record<string, string[]> {
  const roles: Record<string, string[]> = {
    Administrator: [...ALL_PRIVILEGES],
    NoAccess: [],
    PVETemplateUser: ['VM.Clone', 'VM.Audit'],
    PVEAdmin: [],
    PVEAuditor: [],
  }
  for (const [name, { admin, user, audit }] of Object.entries(GROUPS)) {
    const everyday = [...new Set([...admin, ...user, ...audit])]
    roles[`PVE${name}Admin`] = everyday
    roles.PVEAdmin?.push(...everyday.filter((privilege) => privilege !== 'Mapping.Modify'))
    if (user.length > 0) roles[`PVE${name}User`] = [...new Set([...user, ...audit])]
    roles.PVEAuditor?.push(...audit)
  }
  return roles
}

/** Which privileges the `cap` of a ticket lists under which heading. */
export const CAPABILITIES: Record<string, { path: string; pattern: RegExp }> = {
  vms: { path: '/vms', pattern: /^(VM\.|Permissions\.Modify)/ },
  access: { path: '/access/groups', pattern: /^((User|Group)\.|Permissions\.Modify)/ },
  storage: { path: '/storage', pattern: /^(Datastore\.|Permissions\.Modify)/ },
  nodes: { path: '/nodes', pattern: /^(Sys\.|Permissions\.Modify)/ },
  sdn: { path: '/sdn', pattern: /^(SDN\.|Permissions\.Modify)/ },
  dc: { path: '/', pattern: /^(Sys\.Audit|Sys\.Modify|SDN\.)/ },
  mapping: { path: '/mapping', pattern: /^(Mapping\.|Permissions\.Modify)/ },
}
