import { t } from '../../../../shared/text.ts'
import { REQUIRED, type ApiForm } from '../../components/Form.tsx'
import { Card } from '../../ui/Card.tsx'
import { Checkbox, Field, Input, Select, Textarea } from '../../ui/Field.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { formatMoney } from '../../lib/money.ts'
import type { RegistrarCheck } from '../../api/registrars.ts'

export type RegistrarValues = {
  driver: 'epp' | 'namesilo'
  name: string
  currency: string
  host: string
  port: string
  clientId: string
  password: string
  contacts: boolean
  caPem: string
  certPem: string
  keyPem: string
  key: string
}

const none = (text: string): string | null => text.trim() || null

/** The connection as the API takes it. */
export const registrarOf = (typed: RegistrarValues) =>
  typed.driver === 'namesilo'
    ? ({ driver: 'namesilo', name: typed.name, currency: 'USD', key: typed.key.trim() } as const)
    : ({
        driver: 'epp',
        name: typed.name,
        currency: typed.currency.toUpperCase(),
        host: typed.host.trim(),
        port: Number(typed.port),
        clientId: typed.clientId.trim(),
        password: typed.password,
        contacts: typed.contacts,
        caPem: none(typed.caPem),
        certPem: none(typed.certPem),
        keyPem: none(typed.keyPem),
      } as const)

/** Where an account is, and as whom it is used. */
export function RegistrarFields<Answer>({
  of: { form, errorOf },
  isNew,
}: {
  of: ApiForm<RegistrarValues, Answer>
  /** What is known keeps its kind and its currency. */
  isNew: boolean
}) {
  const driver = form.watch('driver')
  const needed = { required: REQUIRED }
  const pem = 'font-mono text-[13px]'
  return (
    <Card title="Account">
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Name" error={errorOf('name')}>
          <Input maxLength={100} {...form.register('name', needed)} />
        </Field>
        {isNew && (
          <Field label="Kind" error={errorOf('driver')}>
            <Select {...form.register('driver')}>
              <option value="epp">EPP: a registry, or a registrar’s EPP gateway</option>
              <option value="namesilo">NameSilo</option>
            </Select>
          </Field>
        )}
        {driver === 'namesilo' ? (
          <Field
            label="API key"
            hint="Stored encrypted and never shown again. NameSilo must allow this server’s address."
            error={errorOf('key')}
          >
            <Input
              type="password"
              autoComplete="new-password"
              maxLength={100}
              {...form.register('key', needed)}
            />
          </Field>
        ) : (
          <>
            <Field label="Host" hint="Such as epp.example.com." error={errorOf('host')}>
              <Input spellCheck={false} maxLength={253} {...form.register('host', needed)} />
            </Field>
            <Field label="Port" error={errorOf('port')}>
              <Input inputMode="numeric" maxLength={5} {...form.register('port', needed)} />
            </Field>
            <Field label="Client id" error={errorOf('clientId')}>
              <Input
                autoComplete="off"
                spellCheck={false}
                maxLength={16}
                {...form.register('clientId', needed)}
              />
            </Field>
            <Field
              label="Password"
              hint="Stored encrypted and never shown again."
              error={errorOf('password')}
            >
              <Input
                type="password"
                autoComplete="new-password"
                maxLength={64}
                {...form.register('password', needed)}
              />
            </Field>
            {isNew && (
              <Field
                label="Currency"
                hint="In which the account is kept, such as EUR."
                error={errorOf('currency')}
              >
                <Input maxLength={3} {...form.register('currency', needed)} />
              </Field>
            )}
            <div className="sm:col-span-2">
              <Checkbox label="The registry keeps contacts" {...form.register('contacts')} />
            </div>
            <Field
              label="CA certificate (PEM)"
              optional
              hint="Only when its certificate is not from a public authority."
              error={errorOf('caPem')}
            >
              <Textarea rows={3} spellCheck={false} className={pem} {...form.register('caPem')} />
            </Field>
            <Field
              label="Our certificate (PEM)"
              optional
              hint="Where the registry asks for one."
              error={errorOf('certPem')}
            >
              <Textarea rows={3} spellCheck={false} className={pem} {...form.register('certPem')} />
            </Field>
            <Field label="Its key (PEM)" optional hint="Stored encrypted." error={errorOf('keyPem')}>
              <Textarea rows={3} spellCheck={false} className={pem} {...form.register('keyPem')} />
            </Field>
          </>
        )}
      </div>
    </Card>
  )
}

export function RegistrarFound({ found: { problems, balance } }: { found: RegistrarCheck }) {
  if (problems.length === 0)
    return (
      <Notice tone="success">
        {balance
          ? t`The account can be used, with ${formatMoney(balance)} left.`
          : t`The account can be used. Its balance is not told.`}
      </Notice>
    )
  return (
    <Notice tone="danger" title="The account cannot be used like that">
      {problems.join(' ')}
    </Notice>
  )
}
