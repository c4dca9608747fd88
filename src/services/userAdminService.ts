export { changeGrant, createUser, getUser, listUsers, updateUser } from './users/accounts.ts'
export { explain } from './users/explain.ts'
export { createRole, deleteRole, getRole, listRoles, updateRole } from './users/roles.ts'
export { endSessions, listSessions } from './users/sessions.ts'
export {
  createServiceAccount,
  createServiceKey,
  deleteServiceAccount,
  getServiceAccount,
  listKeys,
  listServiceAccounts,
  revokeKey,
  rotateServiceKey,
  updateServiceAccount,
} from './users/serviceAccounts.ts'
