import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Link2 } from 'lucide-react'
import { t } from '../../../../shared/text.ts'
import { connectIdentity, disconnectIdentity, goTo, identitiesQuery } from '../../api/sso.ts'
import { useSubmit } from '../../api/submit.ts'
import { ErrorNotice } from '../../components/ErrorNotice.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'
import { ssoFault } from '../../lib/ssoFault.ts'

const route = getRouteApi('/t/$tenant/account/security')

/** With whom the own account is connected for single sign-on, and with whom it could be. */
export function Identities() {
  const query = useQuery(identitiesQuery)
  const { sso } = route.useSearch()
  const connect = useSubmit({ send: connectIdentity, onDone: goTo, sessionOnly: true })
  const disconnect = useSubmit({ send: disconnectIdentity, onDone: () => toast.done(t`Disconnected`) })
  const error = connect.error ?? disconnect.error
  return (
    <Card title="Single sign-on">
      <Loaded query={query} what="identities">
        {({ items, providers }) => (
          <div className="space-y-4">
            {sso !== undefined && <Notice tone="danger">{ssoFault(sso)}</Notice>}
            {error && <ErrorNotice error={error} />}
            {items.length === 0 && providers.length === 0 && (
              <EmptyState icon={Link2} title="No identity provider">
                When your organisation sets one up, you can connect your account with it here.
              </EmptyState>
            )}
            <ul aria-label="Single sign-on" className="divide-y divide-line">
              {items.map(({ id, provider, label, issuer, createdAt, lastUsedAt }) => (
                <li
                  key={id}
                  className="flex flex-wrap items-center justify-between gap-3 py-3 first:pt-0 last:pb-0"
                >
                  <div className="min-w-0">
                    <p className="font-medium break-words">
                      {provider}
                      {label !== null && `, ${label}`}
                    </p>
                    <p className="break-words text-muted">
                      {lastUsedAt === null ? (
                        <>
                          {issuer}, connected <Time at={createdAt} />
                        </>
                      ) : (
                        <>
                          {issuer}, connected <Time at={createdAt} />, last used{' '}
                          <Time at={lastUsedAt} relative />
                        </>
                      )}
                    </p>
                  </div>
                  <Button
                    size="sm"
                    aria-label={t`Disconnect ${provider}`}
                    loading={disconnect.isPending && disconnect.variables === id}
                    onClick={() => disconnect.mutate(id)}
                  >
                    Disconnect
                  </Button>
                </li>
              ))}
              {providers.map(({ id, name }) => (
                <li
                  key={id}
                  className="flex flex-wrap items-center justify-between gap-3 py-3 first:pt-0 last:pb-0"
                >
                  <p className="font-medium break-words">{name}</p>
                  <Button
                    size="sm"
                    aria-label={t`Connect ${name}`}
                    loading={connect.isPending && connect.variables === id}
                    onClick={() => connect.mutate(id)}
                  >
                    Connect
                  </Button>
                </li>
              ))}
            </ul>
          </div>
        )}
      </Loaded>
    </Card>
  )
}
