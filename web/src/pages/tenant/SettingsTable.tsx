import { SETTING_WORDS } from '../../../../shared/settingWords.ts'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { useSubmit } from '../../api/submit.ts'
import { settingsQuery, updateSettings, type SettingView } from '../../api/tenants.ts'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { NO_PERMISSION, permits, useSession } from '../../components/session.ts'
import { codeWords, humanize } from '../../lib/words.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { DataTable } from '../../ui/DataTable.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field, Input, Select } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'

type Value = SettingView['value']
const ORIGINS = { default: t`Default`, platform: t`Platform`, tenant: t`Tenant` } as const

// The server says both in English.
const WORDS: Record<string, string> = SETTING_WORDS
const UNITS: Record<string, string> = {
  days: t`days`,
  hours: t`hours`,
  minutes: t`minutes`,
  sessions: t`sessions`,
  snapshots: t`snapshots`,
  backups: t`backups`,
  percent: t`percent`,
  things: t`things`,
}
const wordsOf = ({ key, words }: SettingView): string => WORDS[key] ?? words
const unitOf = ({ unit }: SettingView): string | null => unit && (UNITS[unit] ?? unit)

function shown(value: Value, setting: SettingView): string {
  if (value === null) return t`none`
  const unit = unitOf(setting)
  if (unit !== null) return `${value} ${unit}`
  return setting.choices ? codeWords(String(value)) : String(value)
}

/** The settings of a tenant, or with null of the platform: value, origin, change and reset. */
export function SettingsTable({ tenantId }: { tenantId: string | null }) {
  const query = useQuery(settingsQuery(tenantId))
  const [editing, setEditing] = useState<SettingView | null>(null)
  const reasonFor = useReason(tenantId)
  const reset = useSubmit({
    send: (key: string) => updateSettings(tenantId, { [key]: null }),
    onDone: () => toast.done(t`The inherited value holds again`),
  })
  const own = tenantId === null ? 'platform' : 'tenant'
  return (
    <Card flush>
      <Loaded query={query} what="settings">
        {({ items }) => (
          <DataTable
            label="Settings"
            rows={items}
            rowKey={(row) => row.key}
            columns={[
              {
                header: t`Setting`,
                render: (row) => (
                  <>
                    <div>{wordsOf(row)}</div>
                    <div className="font-mono text-[13px] break-all text-muted">{row.key}</div>
                  </>
                ),
              },
              {
                header: t`Value`,
                render: (row) => <span className="break-all">{shown(row.value, row)}</span>,
              },
              {
                header: t`From`,
                from: 'sm',
                narrow: true,
                render: (row) => (
                  <Badge tone={row.origin === own ? 'info' : 'neutral'}>{ORIGINS[row.origin]}</Badge>
                ),
              },
              {
                header: t`Change`,
                narrow: true,
                render: (row) => (
                  <div className="flex flex-wrap gap-2 sm:flex-nowrap">
                    <Button
                      size="sm"
                      aria-label={t`Change ${row.key}`}
                      disabledReason={reasonFor(row)}
                      onClick={() => setEditing(row)}
                    >
                      Change
                    </Button>
                    <Button
                      size="sm"
                      variant="ghost"
                      aria-label={t`Reset ${row.key}`}
                      disabledReason={
                        reasonFor(row) ?? (row.origin === own ? undefined : t`It is inherited already.`)
                      }
                      onClick={() =>
                        reset.mutate(row.key, {
                          onError: (error) => toast.failed(t`Not reset`, error.message),
                        })
                      }
                    >
                      Reset
                    </Button>
                  </div>
                ),
              },
            ]}
          />
        )}
      </Loaded>
      <Dialog open={editing !== null} onClose={() => setEditing(null)} title={editing?.key ?? t`Setting`}>
        {editing && <SettingForm tenantId={tenantId} setting={editing} onClose={() => setEditing(null)} />}
      </Dialog>
    </Card>
  )
}

function useReason(tenantId: string | null) {
  const { me } = useSession()
  return ({ changedBy }: SettingView): string | undefined => {
    if (permits(me, 'tenants:settings')) return undefined
    if (!permits(me, 'tenants:settings', tenantId)) return NO_PERMISSION('tenants:settings')
    return changedBy === 'platform' ? t`Only the platform changes this.` : undefined
  }
}

function SettingForm({
  tenantId,
  setting,
  onClose,
}: {
  tenantId: string | null
  setting: SettingView
  onClose: () => void
}) {
  const { key, input, choices, value, inherited } = setting
  const unit = unitOf(setting)
  const of = useApiForm<{ value: string }, unknown>({
    defaultValues: { value: value === null ? '' : String(value) },
    send: ({ value: typed }) =>
      updateSettings(tenantId, { [key]: input === 'number' ? Number(typed) : typed }),
    onDone: () => {
      toast.done(t`Setting saved`)
      onClose()
    },
    fieldOf: () => 'value',
  })
  const hint = input === 'colour' ? t`Such as #1d4ed8. White text is shown on it.` : undefined
  return (
    <Form of={of} submitLabel="Save" onCancel={onClose}>
      <p className="text-muted">
        {wordsOf(setting)}. Inherited: {shown(inherited, setting)}.
      </p>
      <Field label={unit === null ? t`Value` : t`Value in ${unit}`} hint={hint} error={of.errorOf('value')}>
        {choices ? (
          <Select {...of.form.register('value', { required: REQUIRED })}>
            {choices.map((choice) => (
              <option key={choice} value={choice}>
                {humanize(choice)}
              </option>
            ))}
          </Select>
        ) : (
          <Input
            type={input === 'number' || input === 'email' ? input : 'text'}
            {...of.form.register('value', { required: REQUIRED })}
          />
        )}
      </Field>
    </Form>
  )
}
