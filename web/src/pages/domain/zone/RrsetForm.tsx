import { useState } from 'react'
import { t } from '../../../../../shared/text.ts'
import type { TypedChange, Zone, ZoneRrset } from '../../../api/dnsZones.ts'
import { REQUIRED } from '../../../components/Form.tsx'
import { Button } from '../../../ui/Button.tsx'
import { Field, Input, Select, Textarea } from '../../../ui/Field.tsx'
import { fullName, keyOf, shortName, type Row } from './staged.ts'

/** Types by how often they are wanted, each with what its content looks like. */
const EXAMPLES: Record<string, string> = {
  A: '192.0.2.1',
  AAAA: '2001:db8::1',
  CNAME: 'www.example.com.',
  MX: '10 mail.example.com.',
  TXT: 'v=spf1 mx -all',
  CAA: '0 issue "letsencrypt.org"',
  SRV: '10 5 443 sip.example.com.',
  NS: 'ns1.example.net.',
  TLSA: t`3 1 1 and 64 hexadecimal digits`,
  DS: t`12345 13 2 and 64 hexadecimal digits`,
  HTTPS: '1 . alpn=h2,h3',
  SVCB: '1 svc.example.com. port=8443',
  SSHFP: t`4 2 and 64 hexadecimal digits`,
  PTR: 'host.example.com.',
  DNAME: 'example.net.',
  NAPTR: '100 10 "S" "SIP+D2U" "" _sip._udp.example.com.',
  SMIMEA: t`3 1 1 and 64 hexadecimal digits`,
  OPENPGPKEY: t`The key in Base64`,
  URI: '10 1 "https://example.com/"',
}

/** The records of one name and type, one a line. */
export function RrsetForm({
  zone,
  row,
  taken,
  onClose,
  onDone,
}: {
  zone: Zone
  /** Null: new ones. */
  row: Row | null
  taken: readonly ZoneRrset[]
  onClose: () => void
  onDone: (change: TypedChange) => void
}) {
  const [name, setName] = useState(row ? shortName(row.name, zone.name) : '')
  const [type, setType] = useState(row?.type ?? 'A')
  const [ttl, setTtl] = useState(String(row?.value.ttl ?? zone.defaultTtl))
  const [contents, setContents] = useState(row?.value.contents.join('\n') ?? '')
  const [comment, setComment] = useState(row?.value.comment ?? '')
  const [fault, setFault] = useState<{ field: 'name' | 'ttl' | 'contents'; message: string }>()
  const errorOf = (field: string) => (fault?.field === field ? fault.message : undefined)
  const submit = () => {
    const lines = contents.split('\n').filter((line) => line.trim() !== '')
    const seconds = Number(ttl)
    const full = fullName(name, zone.name)
    const isTaken = taken.some(
      (one) => one.managedBy === 'user' && keyOf(one) === keyOf({ name: full, type }),
    )
    if (lines.length === 0) return setFault({ field: 'contents', message: REQUIRED })
    if (!Number.isInteger(seconds) || seconds < 30 || seconds > 604_800)
      return setFault({ field: 'ttl', message: t`A whole number from 30 to 604,800.` })
    if (!row && isTaken)
      return setFault({ field: 'name', message: t`There are ${type} records at this name: change those.` })
    onDone({ name: full, type, value: { ttl: seconds, contents: lines, comment: comment.trim() } })
  }
  return (
    <form
      noValidate
      className="space-y-4"
      onSubmit={(event) => {
        event.preventDefault()
        event.stopPropagation()
        submit()
      }}
    >
      <div className="grid gap-4 sm:grid-cols-2">
        <Field
          label="Name"
          hint={row ? undefined : t`Such as www, or @ for ${zone.name.slice(0, -1)} itself.`}
          error={errorOf('name')}
        >
          <Input
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            maxLength={254}
            value={name}
            readOnly={row !== null}
            onChange={({ target }) => setName(target.value)}
          />
        </Field>
        <Field label="Type">
          <Select value={type} disabled={row !== null} onChange={({ target }) => setType(target.value)}>
            {Object.keys(EXAMPLES).map((one) => (
              <option key={one}>{one}</option>
            ))}
          </Select>
        </Field>
      </div>
      <Field
        label="Contents"
        hint={
          EXAMPLES[type] === undefined
            ? t`One record a line, such as in a zone file`
            : t`One record a line, such as ${EXAMPLES[type]}`
        }
        error={errorOf('contents')}
      >
        <Textarea
          rows={4}
          spellCheck={false}
          className="font-mono text-[13px]"
          value={contents}
          onChange={({ target }) => setContents(target.value)}
        />
      </Field>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="TTL" hint="In seconds: how long others may remember it." error={errorOf('ttl')}>
          <Input inputMode="numeric" value={ttl} onChange={({ target }) => setTtl(target.value)} />
        </Field>
        <Field label="Comment" optional hint="Only for people here.">
          <Input maxLength={200} value={comment} onChange={({ target }) => setComment(target.value)} />
        </Field>
      </div>
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Back</Button>
        <Button type="submit" variant="primary">
          {row ? t`Change` : t`Add`}
        </Button>
      </div>
    </form>
  )
}
