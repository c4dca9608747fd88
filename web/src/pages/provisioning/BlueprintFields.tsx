import { CPU_LEVELS } from '../../../../shared/cpuLevels.ts'
import { t } from '../../../../shared/text.ts'
import { REQUIRED, wholeNumber, type ApiForm } from '../../components/Form.tsx'
import type { Blueprint, BlueprintCreate, Node } from '../../api/provisioning.ts'
import { Card } from '../../ui/Card.tsx'
import { Field, Input, Select } from '../../ui/Field.tsx'
import { ImageFields, type ImageValues } from './ImageFields.tsx'

export type BlueprintValues = {
  code: string
  name: string
  kind: Blueprint['kind']
  minDiskGb: number
  minMemoryMb: number
  maxCores: number
  maxMemoryMb: number
  maxDiskGb: number
  minCpuLevel: Blueprint['minCpuLevel'] | ''
  images: ImageValues[]
}

export const imagesOf = (images: ImageValues[]): BlueprintCreate['images'] =>
  images.map(({ nodeId, sourceNodeId, ref }) => ({
    nodeId,
    ref: ref.trim(),
    ...(sourceNodeId && { sourceNodeId }),
  }))

const LIMITS: [
  name: 'minMemoryMb' | 'minDiskGb' | 'maxCores' | 'maxMemoryMb' | 'maxDiskGb',
  label: string,
  min: number,
  max: number,
][] = [
  ['minMemoryMb', t`Memory at least (MiB)`, 128, 4_194_304],
  ['minDiskGb', t`Disk at least (GiB)`, 1, 65_536],
  ['maxCores', t`Cores at most`, 1, 512],
  ['maxMemoryMb', t`Memory at most (MiB)`, 128, 4_194_304],
  ['maxDiskGb', t`Disk at most (GiB)`, 1, 65_536],
]

/** What a blueprint is; code and kind of one that is there stay. */
export function BlueprintFields({
  of,
  nodes,
  made = false,
  ownTemplate = false,
}: {
  of: ApiForm<BlueprintValues, Blueprint>
  nodes: Node[]
  made?: boolean
  /** It was made of a pod: where its template lies is not to be chosen. */
  ownTemplate?: boolean
}) {
  const { form, errorOf } = of
  return (
    <>
      <Card title="Blueprint">
        <div className="grid gap-4 sm:grid-cols-3">
          <Field label="Name" error={errorOf('name')}>
            <Input maxLength={200} {...form.register('name', { required: REQUIRED })} />
          </Field>
          <Field
            label="Code"
            hint={made ? t`It stays.` : t`Such as debian-13; unique.`}
            error={errorOf('code')}
          >
            <Input
              autoCapitalize="none"
              spellCheck={false}
              maxLength={63}
              readOnly={made}
              {...form.register('code', {
                required: REQUIRED,
                pattern: {
                  value: /^[a-z0-9][a-z0-9.-]*$/,
                  message: t`Lower-case letters, digits, dots and hyphens.`,
                },
              })}
            />
          </Field>
          {!made && (
            <Field label="Kind" error={errorOf('kind')}>
              <Select {...form.register('kind')}>
                <option value="vm">Virtual machine</option>
                <option value="ct">Container</option>
              </Select>
            </Field>
          )}
          {LIMITS.map(([name, label, min, max]) => (
            <Field key={name} label={label} error={errorOf(name)}>
              <Input type="number" min={min} {...form.register(name, wholeNumber(min, max))} />
            </Field>
          ))}
          <Field
            label="Processor at least"
            hint="What the software inside needs; nodes that do not reach it take no pods of it."
            error={errorOf('minCpuLevel')}
          >
            <Select {...form.register('minCpuLevel')}>
              <option value="">Any</option>
              {CPU_LEVELS.map((level) => (
                <option key={level}>{level}</option>
              ))}
            </Select>
          </Field>
        </div>
      </Card>
      {!ownTemplate && <ImageFields of={of} nodes={nodes} />}
    </>
  )
}
