import { isSuper, type Giver } from '../../../../shared/states/role.ts'
import { permits, useSession } from '../../components/session.ts'

/** What the user of these pages may give and take, as the server will judge it. */
export function useGiver(): Giver {
  const { me } = useSession()
  return {
    may: (permission, tenantId) => permits(me, permission, tenantId),
    isSuper: me.roles.some(({ key, tenantId }) => tenantId === null && isSuper({ key, builtin: true })),
  }
}

/** Whether this is the one who looks. */
export const useIsMyself = (userId: string): boolean => useSession().me.user.id === userId
