import { t } from '../../../../shared/text.ts'
import { checkProvider, updateProvider, type BillingProvider } from '../../api/payments.ts'
import { ConnectionCheck } from '../../components/ConnectionCheck.tsx'
import { Form, useApiForm } from '../../components/Form.tsx'
import { Card } from '../../ui/Card.tsx'
import { CopyId } from '../../ui/CopyId.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { toast } from '../../ui/Toast.tsx'
import { ProviderFound } from './ProviderFound.tsx'
import {
  accessOf,
  booksOf,
  NO_WHMCS,
  WhmcsAccess,
  WhmcsBooks,
  type WhmcsRegister,
  type WhmcsValues,
} from './WhmcsFields.tsx'

/** Where a WHMCS sends its messages, and what mPanel knows it by. */
export function WhmcsCards({ provider }: { provider: BillingProvider }) {
  return (
    <>
      <Card title="Messages of WHMCS">
        <div className="space-y-3">
          <p className="text-muted">
            Copy the hook file (integrations-php/whmcs/includes) to WHMCS, and write this address and a secret
            of your choice into its config.php; then type the same secret below.
          </p>
          {provider.webhookUrl !== null && <CopyId id={provider.webhookUrl} what="address" full />}
          {!provider.hasWebhookSecret && (
            <Notice tone="warning">Without the hook file, what happens in WHMCS is noticed late.</Notice>
          )}
        </div>
      </Card>
      <ConnectionCheck
        ready={() => Promise.resolve(true)}
        send={(key) => checkProvider(provider.id, key)}
        hint="Asks whether WHMCS lets mPanel in, what its role lacks, and whether its daily task runs."
      >
        {(found) => <ProviderFound found={found} />}
      </ConnectionCheck>
      <Settings provider={provider} />
    </>
  )
}

function Settings({ provider }: { provider: BillingProvider }) {
  const { authority, chargesAutomatically: whmcsCharges } = provider
  const of = useApiForm<WhmcsValues, BillingProvider>({
    defaultValues: { ...NO_WHMCS, authority, whmcsCharges },
    send: (values) => {
      const { webhookSecret, ...books } = booksOf(values)
      return updateProvider(
        provider.id,
        {
          ...books,
          ...(webhookSecret === null ? {} : { webhookSecret }),
          ...(values.secret.trim() === '' ? {} : { whmcs: accessOf(values) }),
        },
        provider.version,
      )
    },
    onDone: () => toast.done(t`Saved`),
  })
  const register: WhmcsRegister = (name, options) => of.form.register(name, options)
  return (
    <Card title="Settings">
      <Form of={of} submitLabel="Save">
        <WhmcsAccess register={register} errorOf={of.errorOf} />
        <WhmcsBooks
          register={register}
          errorOf={of.errorOf}
          isOwn={of.form.watch('authority') === 'mpanel'}
        />
      </Form>
    </Card>
  )
}
