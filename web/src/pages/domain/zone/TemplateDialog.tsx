import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { t } from '../../../../../shared/text.ts'
import { dnsTemplatesQuery, type DnsTemplate } from '../../../api/dnsTemplates.ts'
import { applyTemplate, type Zone, type ZoneEdited } from '../../../api/dnsZones.ts'
import { useSubmit } from '../../../api/submit.ts'
import { Form, useApiForm } from '../../../components/Form.tsx'
import { Loaded } from '../../../components/Loaded.tsx'
import { useSession } from '../../../components/session.ts'
import { Dialog } from '../../../ui/Dialog.tsx'
import { Field, Input, Select } from '../../../ui/Field.tsx'
import { Notice } from '../../../ui/Notice.tsx'
import { toast } from '../../../ui/Toast.tsx'
import { Preview } from './Preview.tsx'

/** Puts the records of a template into the zone, once it was seen what would come of it. */
export function TemplateDialog({ zone, open, onClose }: { zone: Zone; open: boolean; onClose: () => void }) {
  const { tenant } = useSession()
  const query = useQuery({ ...dnsTemplatesQuery({ tenantId: tenant.id, limit: 200 }), enabled: open })
  return (
    <Dialog open={open} onClose={onClose} title="Use a template" wide>
      <Loaded query={query} what="templates">
        {({ items }) =>
          items.length === 0 ? (
            <Notice tone="info">There is no template yet: make one under DNS templates.</Notice>
          ) : (
            <Use zone={zone} templates={items} onClose={onClose} />
          )
        }
      </Loaded>
    </Dialog>
  )
}

type Values = { templateId: string; values: Record<string, string> }

function Use({
  zone,
  templates,
  onClose,
}: {
  zone: Zone
  templates: readonly DnsTemplate[]
  onClose: () => void
}) {
  const [found, setFound] = useState<ZoneEdited | null>(null)
  const of = useApiForm<Values, ZoneEdited>({
    defaultValues: { templateId: templates[0]?.id ?? '', values: {} },
    send: (asked, key) => applyTemplate(zone.domainId, { ...asked, preview: true }, key),
    onDone: setFound,
  })
  const { form } = of
  const save = useSubmit<null, ZoneEdited>({
    send: (_, key) => applyTemplate(zone.domainId, form.getValues(), key),
    onDone: () => {
      toast.done(t`Records put in`, t`The zone is brought to its server.`)
      onClose()
    },
  })
  const chosen = templates.find(({ id }) => id === form.watch('templateId'))
  if (found)
    return (
      <Preview
        found={found}
        error={save.error}
        loading={save.isPending}
        onBack={() => setFound(null)}
        onSave={() => save.mutate(null)}
      />
    )
  return (
    <Form of={of} submitLabel="Show what would change" onCancel={onClose}>
      <Field label="Template" hint={chosen?.description}>
        <Select {...form.register('templateId')}>
          {templates.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </Select>
      </Field>
      {chosen?.variables.map((name) => (
        <Field key={name} label={name} error={of.errorOf(`values.${name}`)}>
          <Input autoComplete="off" spellCheck={false} maxLength={500} {...form.register(`values.${name}`)} />
        </Field>
      ))}
    </Form>
  )
}
