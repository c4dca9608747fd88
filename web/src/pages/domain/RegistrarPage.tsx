import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { checkRegistrar, registrarQuery, updateRegistrar, type Registrar } from '../../api/registrars.ts'
import { useSubmit } from '../../api/submit.ts'
import { ErrorNotice } from '../../components/ErrorNotice.tsx'
import { Form, useApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { formatMoney } from '../../lib/money.ts'
import { paths } from '../../paths.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button } from '../../ui/Button.tsx'
import { Card, Facts } from '../../ui/Card.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'
import { ConnectionCheck } from '../../components/ConnectionCheck.tsx'
import { LowBalance, LowBalanceNotice, PremiumMargin } from './RegistrarMoney.tsx'
import { RegistrarFields, RegistrarFound, registrarOf, type RegistrarValues } from './RegistrarFields.tsx'
import { TldPrices } from './TldPrices.tsx'

const route = getRouteApi('/t/$tenant/registrars/$id')

export default function RegistrarPage() {
  const { tenant, can } = useSession()
  const { id } = route.useParams()
  const query = useQuery({ ...registrarQuery(id), enabled: can('infrastructure:read') })
  const registrar = query.data
  return (
    <Page
      title={registrar?.name ?? t`Registrar`}
      crumbs={[{ label: t`Registrars`, link: paths.registrars(tenant.slug) }]}
      permission="infrastructure:read"
      badge={
        registrar && (
          <span className="inline-flex flex-wrap gap-1.5">
            <StateBadge of="cluster" state={registrar.health} />
            {registrar.state === 'retired' && <StateBadge of="catalogue" state="retired" />}
            {registrar.simulated && <Badge tone="warning">Simulated</Badge>}
          </span>
        )
      }
      actions={registrar && <Actions registrar={registrar} />}
    >
      <Loaded query={query} what="registrar">
        {(data) => (
          <div className="space-y-4">
            {data.healthMessage && <Notice tone="danger">{data.healthMessage}</Notice>}
            <LowBalanceNotice registrar={data} />
            <About registrar={data} />
            {can('infrastructure:manage') && (
              <ConnectionCheck
                ready={() => Promise.resolve(true)}
                send={(key) => checkRegistrar(data.id, key)}
                hint="Logs in and reads the balance. It is done once a minute anyway."
              >
                {(found) => <RegistrarFound found={found} />}
              </ConnectionCheck>
            )}
            <TldPrices registrar={data} />
          </div>
        )}
      </Loaded>
    </Page>
  )
}

function About({ registrar: of }: { registrar: Registrar }) {
  return (
    <Card title="Account">
      <Facts
        facts={[
          [t`Kind`, of.driver === 'epp' ? 'EPP' : 'NameSilo'],
          [t`At`, 'host' in of.config ? t`${of.config.host}, port ${of.config.port}` : of.config.url],
          'clientId' in of.config ? [t`Client id`, of.config.clientId] : null,
          [
            t`Balance`,
            of.balance && (
              <span key="balance" className="inline-flex flex-wrap items-center gap-1.5">
                {formatMoney(of.balance)}
                {of.balanceLowAt && <Badge tone="warning">Low</Badge>}
              </span>
            ),
          ],
          [t`Warning below`, of.lowBalance ? formatMoney(of.lowBalance) : t`Never`],
          [t`The registry warns below`, of.registryLimit && formatMoney(of.registryLimit)],
          [
            t`Premium names`,
            of.premiumMarginPercent === null
              ? t`Not sold`
              : t`The registry’s price and ${of.premiumMarginPercent} %`,
          ],
          [t`Balance read`, of.balanceAt && <Time key="balance" at={of.balanceAt} relative />],
          [t`Last look`, of.checkedAt && <Time key="checked" at={of.checkedAt} relative />],
          [t`Domains`, of.domains],
          [t`Prices`, of.prices],
        ]}
      />
    </Card>
  )
}

function Actions({ registrar }: { registrar: Registrar }) {
  const { can } = useSession()
  const [editing, setEditing] = useState(false)
  const [warning, setWarning] = useState(false)
  const [pricing, setPricing] = useState(false)
  const isActive = registrar.state === 'active'
  const turn = useSubmit<null, Registrar>({
    send: () => updateRegistrar(registrar, { state: isActive ? 'retired' : 'active' }),
    onDone: ({ state }) =>
      toast.done(state === 'active' ? t`It is used again` : t`Nothing new is registered there any more`),
  })
  const why = can('infrastructure:manage') ? undefined : NO_PERMISSION('infrastructure:manage')
  return (
    <>
      {turn.error && <ErrorNotice error={turn.error} />}
      <Button disabledReason={why} onClick={() => setEditing(true)}>
        Change connection
      </Button>
      <Button disabledReason={why} onClick={() => setWarning(true)}>
        Low balance
      </Button>
      <Button disabledReason={why} onClick={() => setPricing(true)}>
        Premium names
      </Button>
      <Button
        variant={isActive ? 'danger' : 'secondary'}
        loading={turn.isPending}
        disabledReason={why}
        onClick={() => turn.mutate(null)}
      >
        {isActive ? t`Retire` : t`Use again`}
      </Button>
      <Dialog open={editing} onClose={() => setEditing(false)} title="Change connection">
        <Edit registrar={registrar} onClose={() => setEditing(false)} />
      </Dialog>
      <Dialog open={warning} onClose={() => setWarning(false)} title="Low balance">
        <LowBalance registrar={registrar} onClose={() => setWarning(false)} />
      </Dialog>
      <Dialog open={pricing} onClose={() => setPricing(false)} title="Premium names">
        <PremiumMargin registrar={registrar} onClose={() => setPricing(false)} />
      </Dialog>
    </>
  )
}

function Edit({ registrar, onClose }: { registrar: Registrar; onClose: () => void }) {
  const { config } = registrar
  const epp = 'host' in config ? config : null
  const of = useApiForm<RegistrarValues, Registrar>({
    defaultValues: {
      driver: registrar.driver,
      name: registrar.name,
      currency: registrar.currency,
      host: epp?.host ?? '',
      port: String(epp?.port ?? 700),
      clientId: epp?.clientId ?? '',
      password: '',
      contacts: epp?.contacts ?? true,
      caPem: epp?.caPem ?? '',
      certPem: epp?.certPem ?? '',
      keyPem: '',
      key: '',
    },
    fieldOf: (path) => path.replace(/^connection\./, ''),
    send: (values) => updateRegistrar(registrar, { name: values.name, connection: registrarOf(values) }),
    onDone: () => {
      toast.done(t`Registrar saved`)
      onClose()
    },
  })
  return (
    <Form of={of} submitLabel="Save" onCancel={onClose}>
      <RegistrarFields of={of} isNew={false} />
    </Form>
  )
}
