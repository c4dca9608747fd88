import { Plus, Trash2 } from 'lucide-react'
import { useFieldArray } from 'react-hook-form'
import { DIRECTIONS, PROTOCOLS, RULE_ACTIONS } from '../../../../shared/states/cloudPodFirewall.ts'
import { t } from '../../../../shared/text.ts'
import type { SecurityRule } from '../../api/cloudPodFirewall.ts'
import type { ApiForm } from '../../components/Form.tsx'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { Field, Input, Select } from '../../ui/Field.tsx'

/** A rule as it is typed: nothing where it does not matter. */
type TypedRule = Pick<SecurityRule, 'direction' | 'action' | 'protocol' | 'comment'> & {
  ports: string
  source: string
  destination: string
}
export type GroupValues = { name: string; description: string; rules: TypedRule[] }

export const typed = ({ ports, source, destination, ...rule }: SecurityRule): TypedRule => ({
  ...rule,
  ports: ports ?? '',
  source: source ?? '',
  destination: destination ?? '',
})
const orNull = (text: string): string | null => text.trim() || null
export const sent = ({ ports, source, destination, ...rule }: TypedRule): SecurityRule => ({
  ...rule,
  ports: orNull(ports.replaceAll(/\s/g, '')),
  source: orNull(source),
  destination: orNull(destination),
})

const NEW: TypedRule = {
  direction: 'in',
  action: 'accept',
  protocol: 'tcp',
  ports: '',
  source: '',
  destination: '',
  comment: '',
}
const WORDS: Record<string, string> = {
  in: t`In`,
  out: t`Out`,
  accept: t`Accept`,
  drop: t`Drop`,
  reject: t`Reject`,
  any: t`Any`,
  tcp: 'TCP',
  udp: 'UDP',
  icmp: 'ICMP',
  icmpv6: 'ICMPv6',
}
export const word = (name: string): string => WORDS[name] ?? name
const CHOICES = {
  direction: [t`Direction`, DIRECTIONS],
  action: [t`Action`, RULE_ACTIONS],
  protocol: [t`Protocol`, PROTOCOLS],
} as const
const TEXTS = [
  ['ports', t`Ports`, t`Such as 22 or 80,443.`, 200],
  ['source', t`Source`, t`An address or network.`, 50],
  ['destination', t`Destination`, t`An address or network.`, 50],
  ['comment', t`Comment`, undefined, 100],
] as const
const MAX = 50

export function RuleFields<Answer>({ of: { form, errorOf } }: { of: ApiForm<GroupValues, Answer> }) {
  const { fields, append, remove } = useFieldArray({ control: form.control, name: 'rules' })
  return (
    <Card
      title="Rules"
      actions={
        <Button
          size="sm"
          icon={<Plus aria-hidden className="size-4" />}
          disabledReason={fields.length >= MAX ? t`A group has at most ${MAX} rules.` : undefined}
          onClick={() => append(NEW)}
        >
          Add a rule
        </Button>
      }
    >
      <div className="space-y-4">
        <p className="text-muted">
          The first rule that fits counts. What comes in to a CloudPod under a group and fits none is dropped;
          what goes out is free.
        </p>
        {fields.map((field, at) => (
          <fieldset
            key={field.id}
            className="grid grid-cols-2 gap-4 border-b border-line pb-4 last:border-0 last:pb-0 sm:grid-cols-3 lg:grid-cols-4"
          >
            <legend className="sr-only">Rule {at + 1}</legend>
            {(['direction', 'action', 'protocol'] as const).map((name) => (
              <Field key={name} label={CHOICES[name][0]} error={errorOf(`rules.${at}.${name}`)}>
                <Select {...form.register(`rules.${at}.${name}`)}>
                  {CHOICES[name][1].map((value) => (
                    <option key={value} value={value}>
                      {word(value)}
                    </option>
                  ))}
                </Select>
              </Field>
            ))}
            {TEXTS.map(([name, label, hint, maxLength]) => (
              <Field key={name} label={label} optional hint={hint} error={errorOf(`rules.${at}.${name}`)}>
                <Input
                  maxLength={maxLength}
                  spellCheck={name === 'comment'}
                  {...form.register(`rules.${at}.${name}`)}
                />
              </Field>
            ))}
            <div className="flex items-end">
              <Button
                size="icon"
                variant="ghost"
                aria-label={t`Remove rule ${at + 1}`}
                onClick={() => remove(at)}
              >
                <Trash2 aria-hidden className="size-4" />
              </Button>
            </div>
          </fieldset>
        ))}
      </div>
    </Card>
  )
}
