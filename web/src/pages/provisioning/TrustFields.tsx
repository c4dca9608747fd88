import { t } from '../../../../shared/text.ts'
import type { ApiForm } from '../../components/Form.tsx'
import { Card } from '../../ui/Card.tsx'
import { Field, Input, Textarea } from '../../ui/Field.tsx'
import { RadioCards } from '../../ui/RadioCards.tsx'

type Trust = 'system' | 'ca' | 'fingerprint'
export type ClusterValues = {
  name: string
  apiUrl: string
  tokenId: string
  tokenSecret: string
  trust: Trust
  caPem: string
  fingerprint: string
  region: string
  vmidMin: number
  vmidMax: number
}

const TRUST: { value: Trust; title: string; detail: string }[] = [
  {
    value: 'system',
    title: t`Public authority`,
    detail: t`Its certificate is issued by a public authority.`,
  },
  { value: 'ca', title: t`Own authority`, detail: t`Paste /etc/pve/pve-root-ca.pem of the cluster.` },
  {
    value: 'fingerprint',
    title: t`Fingerprint`,
    detail: t`Only the certificate with this SHA-256 is trusted.`,
  },
]

/** By what the cluster proves that it is the one meant. */
export function TrustFields<Answer>({ of: { form, errorOf } }: { of: ApiForm<ClusterValues, Answer> }) {
  const trust = form.watch('trust')
  return (
    <Card title="How the cluster is recognised">
      <div className="space-y-4">
        <RadioCards
          label="How the cluster is recognised"
          name="trust"
          value={trust}
          options={TRUST}
          onChange={(chosen) =>
            form.setValue('trust', TRUST.find(({ value }) => value === chosen)?.value ?? 'ca')
          }
        />
        {trust === 'ca' && (
          <Field label="CA certificate (PEM)" error={errorOf('caPem')}>
            <Textarea
              rows={6}
              spellCheck={false}
              className="font-mono text-[13px]"
              {...form.register('caPem', {
                validate: (typed) =>
                  typed.includes('-----BEGIN CERTIFICATE-----') ||
                  t`It begins with -----BEGIN CERTIFICATE-----.`,
              })}
            />
          </Field>
        )}
        {trust === 'fingerprint' && (
          <Field label="SHA-256 fingerprint" hint="32 pairs: AA:BB:…" error={errorOf('fingerprint')}>
            <Input
              autoComplete="off"
              spellCheck={false}
              className="font-mono text-[13px] uppercase"
              {...form.register('fingerprint', {
                validate: (typed) =>
                  /^([0-9a-f]{2}:){31}[0-9a-f]{2}$/i.test(typed.trim()) ||
                  t`32 pairs of hex digits with colons.`,
              })}
            />
          </Field>
        )}
      </div>
    </Card>
  )
}
