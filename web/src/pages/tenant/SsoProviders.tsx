import { useQuery } from '@tanstack/react-query'
import { KeySquare } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { checkSsoProvider, deleteSsoProvider, ssoProvidersQuery, type SsoProvider } from '../../api/sso.ts'
import { useSubmit } from '../../api/submit.ts'
import { ConfirmDestroy } from '../../components/ConfirmDestroy.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { NO_PERMISSION, permits, useSession } from '../../components/session.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button } from '../../ui/Button.tsx'
import { Card, Facts } from '../../ui/Card.tsx'
import { CopyId } from '../../ui/CopyId.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'
import { SsoProviderForm } from './SsoProviderForm.tsx'

type Open = { what: 'add' } | { what: 'edit' | 'remove'; provider: SsoProvider } | null

/** The identity providers of a tenant, or with null of the platform. */
export function SsoProviders({ tenantId }: { tenantId: string | null }) {
  const { me } = useSession()
  const may = permits(me, 'sso:manage', tenantId)
  const query = useQuery({ ...ssoProvidersQuery(tenantId), enabled: may })
  const [open, setOpen] = useState<Open>(null)
  const close = () => setOpen(null)
  const done = (message: string) => () => {
    toast.done(message)
    close()
  }
  if (!may) return <Notice tone="info">{NO_PERMISSION('sso:manage')}</Notice>
  return (
    <>
      <Card
        title="Identity providers"
        actions={
          <Button size="sm" onClick={() => setOpen({ what: 'add' })}>
            Add a provider
          </Button>
        }
      >
        <Loaded query={query} what="identity providers">
          {({ items }) =>
            items.length === 0 ? (
              <EmptyState icon={KeySquare} title="No identity provider">
                With one, people log in with the account of their organisation (OpenID Connect).
              </EmptyState>
            ) : (
              <ul aria-label="Identity providers" className="divide-y divide-line">
                {items.map((provider) => (
                  <Provider key={provider.id} provider={provider} onOpen={setOpen} />
                ))}
              </ul>
            )
          }
        </Loaded>
      </Card>
      <Dialog open={open?.what === 'add'} onClose={close} title="Add an identity provider" wide>
        <SsoProviderForm tenantId={tenantId} onCancel={close} onDone={done(t`Identity provider added`)} />
      </Dialog>
      <Dialog open={open?.what === 'edit'} onClose={close} title="Edit the identity provider" wide>
        {open?.what === 'edit' && (
          <SsoProviderForm
            tenantId={tenantId}
            provider={open.provider}
            onCancel={close}
            onDone={done(t`Identity provider saved`)}
          />
        )}
      </Dialog>
      {open?.what === 'remove' && (
        <ConfirmDestroy
          open
          onClose={close}
          title="Remove the identity provider"
          name={open.provider.name}
          effect="Nobody can log in by it any more, and all connections to it are removed."
          submitLabel="Remove"
          send={() => deleteSsoProvider(open.provider.id)}
          onDone={done(t`Identity provider removed`)}
        />
      )}
    </>
  )
}

function Provider({ provider, onOpen }: { provider: SsoProvider; onOpen: (open: Open) => void }) {
  const check = useSubmit({
    send: checkSsoProvider,
    onDone: ({ checkFault, domainProofs }) => {
      const fault = checkFault ?? domainProofs.find(({ provenAt }) => provenAt === null)?.fault ?? null
      if (fault === null) toast.done(t`It answers as it should`)
      else toast.failed(t`Not as it should`, fault)
    },
  })
  const { name, enabled, enforced, breakGlass, trustsMfa, signUpRole, checkedAt, checkFault } = provider
  const unproven = provider.domainProofs.filter(({ provenAt }) => provenAt === null)
  const leading = provider.domains.filter((domain) => !unproven.some((one) => one.domain === domain))
  return (
    <li className="space-y-3 py-4 first:pt-0 last:pb-0">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h3 className="flex flex-wrap items-center gap-2 font-medium break-words">
          {name}
          <Badge tone={enabled ? 'success' : 'neutral'}>{enabled ? t`On` : t`Off`}</Badge>
          {enforced && <Badge tone="info">The only way in</Badge>}
        </h3>
        <div className="flex flex-wrap gap-2">
          <Button
            size="sm"
            aria-label={t`Check ${name}`}
            loading={check.isPending}
            onClick={() =>
              check.mutate(provider.id, { onError: (error) => toast.failed(t`Not checked`, error.message) })
            }
          >
            Check
          </Button>
          <Button size="sm" aria-label={t`Edit ${name}`} onClick={() => onOpen({ what: 'edit', provider })}>
            Edit
          </Button>
          <Button
            size="sm"
            aria-label={t`Remove ${name}`}
            onClick={() => onOpen({ what: 'remove', provider })}
          >
            Remove
          </Button>
        </div>
      </div>
      {checkFault !== null && (
        <Notice tone="warning" title="The last check found a fault">
          {checkFault}
        </Notice>
      )}
      {unproven.map((one) => (
        <Notice key={one.domain} tone="info" title={t`${one.domain} is not proven yet`}>
          <p>
            E-mails of it lead here, and people sign up, once DNS has this TXT record. Then press Check.
            {one.fault !== null && ` ${one.fault}`}
          </p>
          <dl className="mt-2 space-y-1">
            {(['name', 'value'] as const).map((part) => (
              <div key={part} className="flex flex-wrap gap-x-2">
                <dt className="text-muted">{part === 'name' ? t`Name` : t`Content`}</dt>
                <dd>
                  <CopyId
                    id={one[part]}
                    what={
                      part === 'name'
                        ? t`name of the record for ${one.domain}`
                        : t`value of the record for ${one.domain}`
                    }
                    full
                  />
                </dd>
              </div>
            ))}
          </dl>
        </Notice>
      ))}
      {breakGlass && (
        <p className="text-muted">{breakGlass.email} can still log in with a password when it fails.</p>
      )}
      <Facts
        facts={[
          [
            t`Issuer`,
            <span key="issuer" className="break-all">
              {provider.issuer}
            </span>,
          ],
          [
            t`Client id`,
            <span key="client" className="break-all">
              {provider.clientId}
            </span>,
          ],
          [t`E-mail domains`, leading.length > 0 ? leading.join(', ') : t`none`],
          [t`Its second factor counts`, trustsMfa ? t`Yes` : t`No`],
          [t`Who has no account`, signUpRole ? t`gets one, as ${signUpRole.name}` : t`gets none`],
          [t`Checked`, checkedAt === null ? t`Never` : <Time key="checked" at={checkedAt} relative />],
          [
            t`Redirect URI to enter there`,
            <CopyId key="uri" id={provider.redirectUri} what="redirect URI" full />,
          ],
        ]}
      />
    </li>
  )
}
