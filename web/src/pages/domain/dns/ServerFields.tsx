import { t } from '../../../../../shared/text.ts'
import type { DnsServerCheck } from '../../../api/dnsServers.ts'
import { CA_RULES, CaField } from '../../../components/CaField.tsx'
import { REQUIRED, wholeNumber, type ApiForm } from '../../../components/Form.tsx'
import { Card } from '../../../ui/Card.tsx'
import { Field, Input, Textarea } from '../../../ui/Field.tsx'
import { Notice } from '../../../ui/Notice.tsx'

export type ServerValues = {
  name: string
  url: string
  apiKey: string
  serverId: string
  caPem: string
  nameServers: string
  queryAddresses: string
  hostmaster: string
  parallel: number
}

const wordsOf = (typed: string): string[] => typed.split(/[\s,]+/).filter(Boolean)

/** The connection as the API takes it. */
export const connectionOf = ({ url, apiKey, serverId, caPem }: ServerValues) => ({
  url: url.trim(),
  apiKey: apiKey.trim(),
  serverId: serverId.trim(),
  caPem: caPem.trim() === '' ? null : caPem.trim(),
})
/** What is said of any server. */
export const serverOf = ({ name, nameServers, queryAddresses, hostmaster, parallel }: ServerValues) => ({
  name,
  nameServers: wordsOf(nameServers),
  queryAddresses: wordsOf(queryAddresses),
  hostmaster: hostmaster.trim(),
  parallel,
})
/** The server speaks of one line of several by its number. */
export const fieldOf = (path: string): string => path.replace(/\.\d+$/, '')

type Of<Answer> = { of: ApiForm<ServerValues, Answer> }

/** What customers delegate to, and how many zones are written at once. */
export function ServerFields<Answer>({ of: { form, errorOf } }: Of<Answer>) {
  const plain = { autoComplete: 'off', autoCapitalize: 'none', spellCheck: false } as const
  return (
    <Card title="Its zones">
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Name" error={errorOf('name')}>
          <Input maxLength={100} {...form.register('name', { required: REQUIRED })} />
        </Field>
        <Field
          label="Hostmaster"
          hint="An e-mail address: it stands in each zone."
          error={errorOf('hostmaster')}
        >
          <Input type="email" {...form.register('hostmaster', { required: REQUIRED })} />
        </Field>
        <Field
          label="Name servers"
          hint="One a line, such as ns1.example.net: customers delegate their domains to these."
          error={errorOf('nameServers')}
        >
          <Textarea rows={3} {...plain} {...form.register('nameServers', { required: REQUIRED })} />
        </Field>
        <Field
          label="Addresses to ask"
          optional
          hint="One a line, such as 192.0.2.53:53: a challenge is looked for there before a certificate is asked for."
          error={errorOf('queryAddresses')}
        >
          <Textarea rows={3} {...plain} {...form.register('queryAddresses')} />
        </Field>
        <Field
          label="Zones written at once"
          hint="One where PowerDNS keeps its zones in SQLite."
          error={errorOf('parallel')}
        >
          <Input type="number" min={1} max={32} {...form.register('parallel', wholeNumber(1, 32))} />
        </Field>
      </div>
    </Card>
  )
}

/** Where the API of a PowerDNS is, and with which key it is asked. */
export function ConnectionFields<Answer>({
  of: { form, errorOf },
  keyHint,
  keyRequired,
}: Of<Answer> & { keyHint: string; keyRequired: boolean }) {
  return (
    <Card title="PowerDNS">
      <div className="grid gap-4 sm:grid-cols-2">
        <Field
          label="Address"
          hint="Of its API, such as https://dns.example.net:8081."
          error={errorOf('url')}
        >
          <Input
            type="url"
            spellCheck={false}
            maxLength={300}
            {...form.register('url', {
              required: REQUIRED,
              pattern: { value: /^\s*https?:\/\/.+/, message: t`It begins with https://.` },
            })}
          />
        </Field>
        <Field label="API key" hint={keyHint} error={errorOf('apiKey')}>
          <Input
            type="password"
            autoComplete="new-password"
            maxLength={300}
            {...form.register('apiKey', keyRequired ? { required: REQUIRED } : {})}
          />
        </Field>
        <Field
          label="Server"
          hint="“localhost”, unless a proxy in front of it knows several."
          error={errorOf('serverId')}
        >
          <Input
            autoComplete="off"
            spellCheck={false}
            maxLength={100}
            {...form.register('serverId', { required: REQUIRED })}
          />
        </Field>
        <div className="sm:col-span-2">
          <CaField field={form.register('caPem', CA_RULES)} error={errorOf('caPem')} />
        </div>
      </div>
    </Card>
  )
}

export function ServerFound({ found: { problems, version, zones } }: { found: DnsServerCheck }) {
  if (problems.length === 0)
    return (
      <Notice tone="success">
        It answers ({version}) and has {zones} zones. Those that mPanel has not made are never touched.
      </Notice>
    )
  return (
    <Notice tone="danger" title="It cannot be used like that">
      {problems.map((problem) => (
        <p key={problem} className="break-words">
          {problem}
        </p>
      ))}
    </Notice>
  )
}
