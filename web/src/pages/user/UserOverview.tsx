import { t } from '../../../../shared/text.ts'
import type { User } from '../../api/users.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { Badge } from '../../ui/Badge.tsx'
import { Card, Facts } from '../../ui/Card.tsx'
import { CopyId } from '../../ui/CopyId.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Time } from '../../ui/Time.tsx'

/** Who it is, how they get in, and what stands in their way. */
export function UserOverview({ user }: { user: User }) {
  const strict = user.grants.filter(({ requiresMfa }) => requiresMfa).map(({ roleName }) => roleName)
  const names = [...new Set(strict)].join(', ')
  return (
    <div className="space-y-4">
      {user.state === 'disabled' && (
        <Notice tone="warning" title="This user is disabled">
          Nobody can log in as this user, and their API keys are refused. Roles and history are kept.
        </Notice>
      )}
      {names !== '' && !user.mfa && user.state === 'active' && (
        <Notice tone="warning" title={t`${names} needs a second step, and this user has none`}>
          After the next log-in nothing but its set-up is open to this user. API keys are refused until then.
        </Notice>
      )}
      {user.grants.length === 0 && (
        <Notice tone="info" title="This user holds no role">
          They can log in, but see nothing. Give a role on the tab Roles.
        </Notice>
      )}
      <Card>
        <Facts
          facts={[
            [
              t`E-mail`,
              <span key="email" className="break-all">
                {user.email}
              </span>,
            ],
            [t`State`, <StateBadge key="state" of="user" state={user.state} />],
            [
              t`Second step to log in`,
              <Badge key="mfa" tone={user.mfa ? 'success' : 'neutral'}>
                {user.mfa ? t`Set up` : t`Not set up`}
              </Badge>,
            ],
            [t`Needed by`, names || t`None of the roles`],
            [
              t`Last log-in`,
              user.lastLoginAt === null ? t`Never` : <Time key="last" at={user.lastLoginAt} />,
            ],
            [t`Since`, <Time key="since" at={user.createdAt} />],
            [t`Id`, <CopyId key="id" id={user.id} what="user id" />],
          ]}
        />
      </Card>
    </div>
  )
}
