export { acceptInvitation, showInvitation } from './users/acceptInvitation.ts'
export {
  invite,
  listInvitations,
  listMembers,
  removeMember,
  resendInvitation,
  revokeInvitation,
} from './users/invitations.ts'
export { sendPasswordReset } from './users/passwordReset.ts'
export { changeGrant, createUser, getUser, listUsers, requireAbove, updateUser } from './users/accounts.ts'
export { requireSuper } from './users/authority.ts'
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
