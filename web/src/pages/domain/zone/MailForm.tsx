import { useState } from 'react'
import {
  proposeDkim,
  proposeDmarc,
  proposeSilence,
  proposeSpf,
  type MailProposal,
  type MailRecord,
} from '../../../../../shared/mailPolicy.ts'
import { t } from '../../../../../shared/text.ts'
import { Button } from '../../../ui/Button.tsx'
import { Checkbox, Field, Input, Select, Textarea } from '../../../ui/Field.tsx'
import { Notice } from '../../../ui/Notice.tsx'

type Policy = 'none' | 'quarantine' | 'reject'
const POLICIES: Record<Policy, string> = {
  none: t`Only report it`,
  quarantine: t`Put it into the spam folder`,
  reject: t`Refuse it`,
}
const NAME = /^(?!-)[a-z0-9_-]+(\.[a-z0-9_-]+)+$/i
const SELECTOR = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i

type Fault = { field: 'senders' | 'reports' | 'selector' | 'key'; message: string }

/** What sends mail under the name, and what becomes of forged mail: answered with records. */
export function MailForm({
  zone,
  records,
  onClose,
  onDone,
}: {
  zone: string
  records: readonly MailRecord[]
  onClose: () => void
  onDone: (proposals: MailProposal[]) => void
}) {
  const [silent, setSilent] = useState(false)
  const [mx, setMx] = useState(true)
  const [senders, setSenders] = useState('')
  const [strict, setStrict] = useState(false)
  const [policy, setPolicy] = useState<Policy>('quarantine')
  const [reports, setReports] = useState('')
  const [selector, setSelector] = useState('')
  const [key, setKey] = useState('')
  const [fault, setFault] = useState<Fault>()
  const errorOf = (field: Fault['field']) => (fault?.field === field ? fault.message : undefined)
  const submit = () => {
    if (silent) return onDone(proposeSilence(zone, records))
    const list = senders.split(/[\s,]+/).filter((one) => one !== '')
    const wrong = list.find((one) => !NAME.test(one))
    if (wrong)
      return setFault({ field: 'senders', message: t`${wrong} is no name such as _spf.example.net.` })
    if (reports !== '' && !/^[^@\s,;!]+@[^@\s,;!]+$/.test(reports))
      return setFault({ field: 'reports', message: t`An e-mail address.` })
    if (selector === '' && key !== '')
      return setFault({ field: 'selector', message: t`Say under which selector the key is published.` })
    if (selector !== '' && !SELECTOR.test(selector))
      return setFault({ field: 'selector', message: t`Letters, digits and hyphens.` })
    const bare = bareKey(key)
    if (selector !== '' && !/^[A-Za-z0-9+/]{100,}={0,2}$/.test(bare))
      return setFault({ field: 'key', message: t`The public key in base64, with or without its PEM lines.` })
    onDone([
      proposeSpf(zone, records, { senders: list, mx, strict }),
      proposeDmarc(zone, records, { policy, reports }),
      ...(selector === '' ? [] : [proposeDkim(zone, { selector, key: bare })]),
    ])
  }
  return (
    <form
      noValidate
      className="space-y-4"
      onSubmit={(event) => {
        event.preventDefault()
        submit()
      }}
    >
      <Checkbox
        label="This name sends and receives no mail"
        checked={silent}
        onChange={({ target }) => setSilent(target.checked)}
      />
      {!silent && (
        <>
          <Checkbox
            label="Its own mail servers (MX) send its mail"
            checked={mx}
            onChange={({ target }) => setMx(target.checked)}
          />
          <Field
            label="Services that send for it"
            optional
            hint="What they say is to be included, such as _spf.example.net, separated by commas."
            error={errorOf('senders')}
          >
            <Input value={senders} onChange={({ target }) => setSenders(target.value)} />
          </Field>
          <PolicyFields strict={strict} onStrict={setStrict} policy={policy} onPolicy={setPolicy} />
          <Field
            label="Reports go to"
            optional
            hint="An address that receivers send their DMARC reports to."
            error={errorOf('reports')}
          >
            <Input type="email" value={reports} onChange={({ target }) => setReports(target.value)} />
          </Field>
          <DkimFields
            selector={selector}
            onSelector={setSelector}
            publicKey={key}
            onKey={setKey}
            errorOf={errorOf}
          />
        </>
      )}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Back</Button>
        <Button type="submit" variant="primary">
          Stage records
        </Button>
      </div>
    </form>
  )
}

/** What becomes of mail that others send under the name. */
function PolicyFields({
  strict,
  onStrict,
  policy,
  onPolicy,
}: {
  strict: boolean
  onStrict: (on: boolean) => void
  policy: Policy
  onPolicy: (policy: Policy) => void
}) {
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <Field label="Mail from others (SPF)">
        <Select
          value={strict ? 'refuse' : 'mark'}
          onChange={({ target }) => onStrict(target.value === 'refuse')}
        >
          <option value="mark">Mark it (~all)</option>
          <option value="refuse">Refuse it (-all)</option>
        </Select>
      </Field>
      <Field label="Forged mail (DMARC)">
        <Select
          value={policy}
          onChange={({ target }) => {
            const found = (Object.keys(POLICIES) as Policy[]).find((one) => one === target.value)
            if (found) onPolicy(found)
          }}
        >
          {Object.entries(POLICIES).map(([one, words]) => (
            <option key={one} value={one}>
              {words} (p={one})
            </option>
          ))}
        </Select>
      </Field>
    </div>
  )
}

/** Of a key in PEM, or of a whole DKIM record, what stands in p=. */
const bareKey = (text: string): string =>
  text
    .replace(/-----[A-Z ]+-----/g, '')
    .replace(/^.*\bp=/s, '')
    .replace(/["\s;]/g, '')

function DkimFields({
  selector,
  onSelector,
  publicKey,
  onKey,
  errorOf,
}: {
  selector: string
  onSelector: (text: string) => void
  publicKey: string
  onKey: (text: string) => void
  errorOf: (field: Fault['field']) => string | undefined
}) {
  const [secret, setSecret] = useState('')
  const make = async () => {
    const pair = await makePair()
    onKey(pair.publicKey)
    setSecret(pair.privateKey)
    if (selector === '') onSelector('mail')
  }
  return (
    <fieldset className="space-y-4 border-t border-line pt-4">
      <legend className="sr-only">DKIM</legend>
      <Field
        label="DKIM selector"
        optional
        hint="The mail server signs under this name; it says which."
        error={errorOf('selector')}
      >
        <Input
          autoCapitalize="none"
          spellCheck={false}
          value={selector}
          onChange={({ target }) => onSelector(target.value.trim())}
        />
      </Field>
      <Field label="DKIM public key" optional error={errorOf('key')}>
        <Textarea
          rows={3}
          spellCheck={false}
          className="font-mono text-[13px]"
          value={publicKey}
          onChange={({ target }) => onKey(target.value)}
        />
      </Field>
      <Button
        size="sm"
        // Browsers have it only where the connection is safe.
        disabledReason={window.isSecureContext ? undefined : t`Open this page by https:// to make keys here.`}
        onClick={() => void make()}
      >
        Make a key pair here
      </Button>
      {secret !== '' && (
        <Notice tone="warning" title="Put this private key into the mail server now">
          <p>It was made in this browser, is kept nowhere, and cannot be shown again.</p>
          <Textarea
            aria-label="DKIM private key"
            readOnly
            rows={6}
            className="font-mono text-[13px]"
            value={secret}
          />
        </Notice>
      )}
    </fieldset>
  )
}

const base64 = (bytes: ArrayBuffer): string => btoa(String.fromCharCode(...new Uint8Array(bytes)))

/** RSA of 2048 bits, which every receiver can check. */
async function makePair(): Promise<{ publicKey: string; privateKey: string }> {
  const { subtle } = window.crypto
  const pair = await subtle.generateKey(
    {
      name: 'RSASSA-PKCS1-v1_5',
      hash: 'SHA-256',
      modulusLength: 2_048,
      publicExponent: new Uint8Array([1, 0, 1]),
    },
    true,
    ['sign', 'verify'],
  )
  const lines = base64(await subtle.exportKey('pkcs8', pair.privateKey)).match(/.{1,64}/g) ?? []
  return {
    publicKey: base64(await subtle.exportKey('spki', pair.publicKey)),
    privateKey: `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`,
  }
}
