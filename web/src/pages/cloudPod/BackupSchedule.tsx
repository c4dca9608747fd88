import { useQuery } from '@tanstack/react-query'
import { CalendarClock } from 'lucide-react'
import { useState } from 'react'
import { canBackup } from '../../../../shared/states/cloudPodBackup.ts'
import { t } from '../../../../shared/text.ts'
import {
  backupScheduleQuery,
  updateBackupSchedule,
  type BackupSchedule as Schedule,
} from '../../api/cloudPodBackups.ts'
import type { CloudPod } from '../../api/cloudPods.ts'
import { Form, useApiForm, wholeNumber } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Checkbox, Field, Input, Select } from '../../ui/Field.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'

const DAYS = [t`Monday`, t`Tuesday`, t`Wednesday`, t`Thursday`, t`Friday`, t`Saturday`, t`Sunday`]
const clock = (hour: number): string => `${String(hour).padStart(2, '0')}:00`

export function BackupSchedule({ pod, limit }: { pod: CloudPod; limit: number }) {
  const { can } = useSession()
  const query = useQuery(backupScheduleQuery(pod.id))
  const [open, setOpen] = useState(false)
  const verdict = canBackup.schedule(pod, limit)
  const refusal = verdict.allowed ? undefined : verdict.reason
  return (
    <Card
      title="Schedule"
      actions={
        <Button
          size="sm"
          icon={<CalendarClock aria-hidden className="size-4" />}
          disabledReason={can('cloudpods:backup', pod.tenantId) ? refusal : NO_PERMISSION('cloudpods:backup')}
          onClick={() => setOpen(true)}
        >
          Change schedule
        </Button>
      }
    >
      <Loaded query={query} what="schedule">
        {(schedule) => (
          <>
            <Summary schedule={schedule} />
            <Dialog open={open} onClose={() => setOpen(false)} title="Backup schedule">
              {open && <ScheduleForm {...{ pod, schedule, limit }} onClose={() => setOpen(false)} />}
            </Dialog>
          </>
        )}
      </Loaded>
    </Card>
  )
}

function Summary({ schedule }: { schedule: Schedule }) {
  const { enabled, frequency, weekday, hour, timeZone, nextAt, problem } = schedule
  if (!enabled) return <p className="text-muted">This CloudPod is not backed up by itself.</p>
  const when = frequency === 'daily' ? t`Every day` : t`Every ${DAYS[weekday - 1] ?? ''}`
  return (
    <div className="space-y-3">
      <p>
        {when} in the hour from {clock(hour)} ({timeZone}). Next: <Time at={nextAt} /> your time.
      </p>
      <p className="text-muted">
        Kept: the newest {schedule.keepLast}
        {schedule.keepDaily > 0 && t`, one of each of the last ${schedule.keepDaily} days`}
        {schedule.keepWeekly > 0 && t`, one of each of the last ${schedule.keepWeekly} weeks`}.
      </p>
      {problem && <Notice tone="warning">The last one was not made: {problem}</Notice>}
    </div>
  )
}

type Values = Pick<
  Schedule,
  'enabled' | 'frequency' | 'weekday' | 'hour' | 'keepLast' | 'keepDaily' | 'keepWeekly'
>

function ScheduleForm({
  pod,
  schedule,
  limit,
  onClose,
}: {
  pod: CloudPod
  schedule: Schedule
  limit: number
  onClose: () => void
}) {
  const { version, timeZone, nextAt: _next, problem: _problem, ...values } = schedule
  const of = useApiForm<Values, Schedule>({
    defaultValues: values,
    send: (changed) => updateBackupSchedule(pod.id, changed, version),
    onDone: () => {
      toast.done(t`Schedule saved`)
      onClose()
    },
  })
  const { form, errorOf } = of
  const [frequency, keepLast, keepDaily, keepWeekly] = form.watch([
    'frequency',
    'keepLast',
    'keepDaily',
    'keepWeekly',
  ])
  const most = keepLast + keepDaily + keepWeekly
  return (
    <Form of={of} submitLabel="Save" onCancel={onClose}>
      <Checkbox label="Back this CloudPod up by itself" {...form.register('enabled')} />
      <div className="grid gap-4 sm:grid-cols-3">
        <Field label="How often" error={errorOf('frequency')}>
          <Select {...form.register('frequency')}>
            <option value="daily">Every day</option>
            <option value="weekly">Every week</option>
          </Select>
        </Field>
        {frequency === 'weekly' && (
          <Field label="Day" error={errorOf('weekday')}>
            <Select {...form.register('weekday', { valueAsNumber: true })}>
              {DAYS.map((day, at) => (
                <option key={day} value={at + 1}>
                  {day}
                </option>
              ))}
            </Select>
          </Field>
        )}
        <Field label="Hour" hint={timeZone} error={errorOf('hour')}>
          <Select {...form.register('hour', { valueAsNumber: true })}>
            {Array.from({ length: 24 }, (_, hour) => (
              <option key={hour} value={hour}>
                {clock(hour)}
              </option>
            ))}
          </Select>
        </Field>
      </div>
      <div className="grid gap-4 sm:grid-cols-3">
        <Field label="Keep the newest" error={errorOf('keepLast')}>
          <Input type="number" min={1} {...form.register('keepLast', wholeNumber(1, 100))} />
        </Field>
        <Field label="Days with one each" error={errorOf('keepDaily')}>
          <Input type="number" min={0} {...form.register('keepDaily', wholeNumber(0, 100))} />
        </Field>
        <Field label="Weeks with one each" error={errorOf('keepWeekly')}>
          <Input type="number" min={0} {...form.register('keepWeekly', wholeNumber(0, 100))} />
        </Field>
      </div>
      <p className="text-muted">
        {Number.isInteger(most)
          ? t`At most ${most} are kept of the ${limit} that this CloudPod may have. Protected backups, and those made by a person, stay besides.`
          : t`So many are kept of the ${limit} that this CloudPod may have. Protected backups, and those made by a person, stay besides.`}
      </p>
    </Form>
  )
}
