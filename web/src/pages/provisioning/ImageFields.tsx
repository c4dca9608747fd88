import { Plus, Trash2 } from 'lucide-react'
import { useFieldArray } from 'react-hook-form'
import { t } from '../../../../shared/text.ts'
import type { Blueprint, Node } from '../../api/provisioning.ts'
import { REQUIRED, type ApiForm } from '../../components/Form.tsx'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { Field, Input, Select } from '../../ui/Field.tsx'
import type { BlueprintValues } from './BlueprintFields.tsx'

export type ImageValues = { nodeId: string; sourceNodeId: string; ref: string }

/** Which template a node uses; without one, no CloudPod of the blueprint is placed on it. */
export function ImageFields({
  of: { form, errorOf },
  nodes,
}: {
  of: ApiForm<BlueprintValues, Blueprint>
  nodes: Node[]
}) {
  const { fields, append, remove } = useFieldArray({ control: form.control, name: 'images' })
  const kind = form.watch('kind')
  const options = nodes.map(({ id, name }) => (
    <option key={id} value={id}>
      {name}
    </option>
  ))
  return (
    <Card
      title="Images"
      actions={
        <Button
          size="sm"
          icon={<Plus aria-hidden className="size-4" />}
          disabledReason={fields.length >= nodes.length ? t`Each node has one image.` : undefined}
          onClick={() =>
            append({ nodeId: unused(nodes, form.getValues('images')), sourceNodeId: '', ref: '' })
          }
        >
          Add a node
        </Button>
      }
    >
      <div className="space-y-4">
        {fields.map((field, at) => (
          <fieldset
            key={field.id}
            className="grid gap-4 border-b border-line pb-4 last:border-0 last:pb-0 sm:grid-cols-[1fr_1fr_1fr_auto]"
          >
            <legend className="sr-only">Image {at + 1}</legend>
            <Field label="Node" error={errorOf(`images.${at}.nodeId`)}>
              <Select {...form.register(`images.${at}.nodeId`, { required: REQUIRED })}>{options}</Select>
            </Field>
            <Field
              label={kind === 'vm' ? t`VMID of the template` : t`Volume of the template`}
              hint={kind === 'vm' ? t`Such as 9000.` : t`Such as local:vztmpl/debian-13.tar.zst.`}
              error={errorOf(`images.${at}.ref`)}
            >
              <Input
                autoComplete="off"
                spellCheck={false}
                maxLength={200}
                {...form.register(`images.${at}.ref`, { required: REQUIRED })}
              />
            </Field>
            <Field label="Lies on" error={errorOf(`images.${at}.sourceNodeId`)}>
              <Select {...form.register(`images.${at}.sourceNodeId`)}>
                <option value="">the same node</option>
                {options}
              </Select>
            </Field>
            <div className="flex items-start sm:pt-6">
              <Button
                size="icon"
                variant="ghost"
                aria-label={t`Remove image ${at + 1}`}
                disabledReason={fields.length === 1 ? t`A blueprint needs an image.` : undefined}
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

const unused = (nodes: Node[], images: ImageValues[]): string =>
  nodes.find(({ id }) => !images.some((image) => image.nodeId === id))?.id ?? ''
