import { useState } from 'react'
import { t } from '../../../../../shared/text.ts'
import {
  makeTransferKey,
  setSecondaries,
  type DnsServer,
  type DnsTransferKey,
} from '../../../api/dnsServers.ts'
import { useSubmit } from '../../../api/submit.ts'
import { Form, useApiForm } from '../../../components/Form.tsx'
import { count } from '../../../lib/words.ts'
import { Button } from '../../../ui/Button.tsx'
import { Card } from '../../../ui/Card.tsx'
import { CopyId } from '../../../ui/CopyId.tsx'
import { Dialog } from '../../../ui/Dialog.tsx'
import { Field, Input, Textarea } from '../../../ui/Field.tsx'
import { Notice } from '../../../ui/Notice.tsx'
import { toast } from '../../../ui/Toast.tsx'

const WHY = t`Zone files are copied by the program that serves them: name the secondaries in its configuration.`

/** Who copies the zones of a server, by which key. */
export function Secondaries({ server }: { server: DnsServer }) {
  const [asking, setAsking] = useState(false)
  const [made, setMade] = useState<DnsTransferKey | null>(null)
  const make = useSubmit<null, DnsTransferKey>({
    send: (_, key) => makeTransferKey(server.id, key),
    onDone: (key) => {
      setAsking(false)
      setMade(key)
    },
  })
  const isPowerDns = server.kind === 'powerdns'
  const begin = () =>
    server.transferKey === null
      ? make.mutate(null, { onError: ({ message }) => toast.failed(t`No key made`, message) })
      : setAsking(true)
  return (
    <Card
      title="Secondaries"
      actions={
        <Button
          size="sm"
          loading={make.isPending}
          disabledReason={isPowerDns ? undefined : WHY}
          onClick={begin}
        >
          {server.transferKey === null ? t`Make the key` : t`Make a new key`}
        </Button>
      }
    >
      <div className="space-y-4">
        <p className="text-muted">
          Other name servers can copy the zones of this one (AXFR). They show a key (TSIG), and are told of
          each change (NOTIFY).
        </p>
        {made && <Made made={made} onDone={() => setMade(null)} />}
        {server.untoldZones > 0 && server.transferKey !== null && (
          <Notice tone="info">
            The server is being told for {count(server.untoldZones, t`zone`, t`zones`)} who copies it.
          </Notice>
        )}
        {isPowerDns ? <Who key={server.version} server={server} /> : <p>{WHY}</p>}
      </div>
      <Dialog
        open={asking}
        onClose={() => setAsking(false)}
        title="Make a new key"
        description="The secondaries get no copies any more until they have the new one."
      >
        <div className="flex justify-end gap-2">
          <Button onClick={() => setAsking(false)}>Cancel</Button>
          <Button
            variant="danger"
            loading={make.isPending}
            onClick={() =>
              make.mutate(null, { onError: ({ message }) => toast.failed(t`No key made`, message) })
            }
          >
            Make a new key
          </Button>
        </div>
      </Dialog>
    </Card>
  )
}

function Made({ made, onDone }: { made: DnsTransferKey; onDone: () => void }) {
  return (
    <Notice
      tone="warning"
      title="Give the key to the secondaries now: it is not shown again"
      action={
        <Button size="sm" onClick={onDone}>
          I have kept it
        </Button>
      }
    >
      <p>
        {made.name}, {made.algorithm}
      </p>
      <CopyId id={made.secret} what="secret" full tone="inherit" />
      <p>
        With PowerDNS: pdnsutil import-tsig-key {made.name} {made.algorithm} and this secret.
      </p>
    </Notice>
  )
}

type Values = { secondaries: string; catalog: string }

function Who({ server }: { server: DnsServer }) {
  const of = useApiForm<Values, DnsServer>({
    defaultValues: {
      secondaries: server.secondaries.join('\n'),
      catalog: server.catalog?.slice(0, -1) ?? '',
    },
    fieldOf: (path) => (path.startsWith('secondaries') ? 'secondaries' : path),
    send: ({ secondaries, catalog }) =>
      setSecondaries(server, {
        secondaries: secondaries.split(/[\s,]+/).filter((one) => one !== ''),
        catalog: catalog.trim() === '' ? null : catalog.trim(),
      }),
    onDone: () => toast.done(t`Saved`, t`The zones follow one after another.`),
  })
  const { form, errorOf } = of
  return (
    <Form
      of={of}
      submitLabel="Save secondaries"
      submitReason={server.transferKey === null ? t`Make the key first.` : undefined}
    >
      <Field
        label="Told of changes"
        optional
        hint="Where each of them answers, one a line, such as 192.0.2.53:53"
        error={errorOf('secondaries')}
      >
        <Textarea rows={3} spellCheck={false} {...form.register('secondaries')} />
      </Field>
      <Field
        label="Catalog zone"
        optional
        hint="Secondaries that know this name learn of new zones by themselves (PowerDNS 4.7, BIND, Knot). Zones in it may be copied from their addresses without the key."
        error={errorOf('catalog')}
      >
        <Input autoCapitalize="none" spellCheck={false} {...form.register('catalog')} />
      </Field>
    </Form>
  )
}
