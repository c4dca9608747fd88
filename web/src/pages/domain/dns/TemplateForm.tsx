import { t } from '../../../../../shared/text.ts'
import type { DnsTemplate, TemplateRecord } from '../../../api/dnsTemplates.ts'
import { Form, REQUIRED, useApiForm } from '../../../components/Form.tsx'
import { Card } from '../../../ui/Card.tsx'
import { Field, Input, Textarea } from '../../../ui/Field.tsx'

type Values = { name: string; description: string; records: string }
type Sent = { name: string; description: string; records: TemplateRecord[] }

const LINE = /^(\S+)[ \t]+(\d{1,9})[ \t]+([A-Za-z0-9]{1,12})[ \t]+(\S.*)$/
const linesOf = (typed: string): string[] =>
  typed
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')

const recordsOf = (typed: string): TemplateRecord[] =>
  linesOf(typed).flatMap((line) => {
    const [, name, ttl, type, content] = LINE.exec(line) ?? []
    return name && ttl && type && content
      ? [{ name, ttl: Number(ttl), type: type.toUpperCase(), content }]
      : []
  })

const typedOf = (records: readonly TemplateRecord[]): string =>
  records.map(({ name, ttl, type, content }) => `${name} ${ttl} ${type} ${content}`).join('\n')

/** Records one a line, as in a zone file, with what is asked for in double curly brackets. */
export function TemplateForm({
  template,
  submitLabel,
  submitReason,
  send,
  onDone,
  onCancel,
}: {
  template?: DnsTemplate
  submitLabel: string
  submitReason?: string | undefined
  send: (values: Sent, key: string) => Promise<DnsTemplate>
  onDone: (template: DnsTemplate) => void
  onCancel: () => void
}) {
  const of = useApiForm<Values, DnsTemplate>({
    defaultValues: {
      name: template?.name ?? '',
      description: template?.description ?? '',
      records: template ? typedOf(template.records) : '@ 3600 A {{ip}}\nwww 3600 CNAME {{domain}}.',
    },
    fieldOf: (path) => (/^(records|changes)\b/.test(path) ? 'records' : path),
    send: (values, key) => send({ ...values, records: recordsOf(values.records) }, key),
    onDone,
  })
  const { form, errorOf } = of
  return (
    <Form of={of} submitLabel={submitLabel} submitReason={submitReason} onCancel={onCancel}>
      <Card>
        <div className="space-y-4">
          <Field label="Name" error={errorOf('name')}>
            <Input maxLength={100} {...form.register('name', { required: REQUIRED })} />
          </Field>
          <Field label="Description" optional error={errorOf('description')}>
            <Input maxLength={500} {...form.register('description')} />
          </Field>
          <Field
            label="Records"
            hint="One a line: name, TTL, type, content. {{domain}} is the zone; other words, such as {{ip}}, are asked for when the template is used."
            error={errorOf('records')}
          >
            <Textarea
              rows={10}
              spellCheck={false}
              className="font-mono text-[13px]"
              {...form.register('records', {
                required: REQUIRED,
                validate: (typed) => {
                  const wrong = linesOf(typed).find((line) => !LINE.test(line))
                  return wrong === undefined || t`Not name, TTL, type and content: ${wrong}`
                },
              })}
            />
          </Field>
        </div>
      </Card>
    </Form>
  )
}
