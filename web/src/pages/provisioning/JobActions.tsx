import { useState } from 'react'
import { canJob, type JobAction } from '../../../../shared/states/provisioningJob.ts'
import { t } from '../../../../shared/text.ts'
import {
  cancelJob,
  retryJob,
  setJobPriority,
  settleJobStep,
  type Job,
  type JobDetail,
} from '../../api/provisioning.ts'
import { useSubmit } from '../../api/submit.ts'
import { Form, REQUIRED, useApiForm, wholeNumber } from '../../components/Form.tsx'
import { ReasonForm } from '../../components/ReasonForm.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { RadioCards } from '../../ui/RadioCards.tsx'
import { toast } from '../../ui/Toast.tsx'
import { JobPlanView } from './JobPlanView.tsx'

type Opened = 'plan' | 'cancel' | 'settle' | 'setPriority'

/** What an operator may do to the job now. What is not possible in its state says why. */
export function JobActions({ job }: { job: JobDetail }) {
  const { can } = useSession()
  const [open, setOpen] = useState<Opened>()
  const close = () => setOpen(undefined)
  const retry = useSubmit({
    send: (_: void, key) => retryJob(job.id, key),
    onDone: () => toast.done(t`The job goes on`),
  })
  const onPlatform = can('infrastructure:manage', null)
  const reasonFor = (action: JobAction): string | undefined => {
    const verdict = canJob[action](job)
    return verdict.allowed ? undefined : verdict.reason
  }
  const mayManage = can('jobs:manage') ? undefined : NO_PERMISSION('jobs:manage')
  return (
    <>
      <Button
        variant={job.state === 'stuck' ? 'primary' : 'secondary'}
        loading={retry.isPending}
        disabledReason={mayManage ?? reasonFor('retry')}
        onClick={() =>
          retry.mutate(undefined, {
            onError: (error) => toast.failed(t`The job was not taken up again`, error.message),
          })
        }
      >
        {job.state === 'scheduled' ? t`Try now` : t`Go on from the failed step`}
      </Button>
      {onPlatform && (
        <Button disabledReason={reasonFor('plan')} onClick={() => setOpen('plan')}>
          What would it do?
        </Button>
      )}
      {onPlatform && job.state === 'stuck' && (
        <Button disabledReason={reasonFor('settle')} onClick={() => setOpen('settle')}>
          Settle the step by hand
        </Button>
      )}
      {onPlatform && (
        <Button disabledReason={reasonFor('setPriority')} onClick={() => setOpen('setPriority')}>
          Priority
        </Button>
      )}
      <Button disabledReason={mayManage ?? reasonFor('cancel')} onClick={() => setOpen('cancel')}>
        Cancel the job
      </Button>
      <Dialog wide open={open === 'plan'} onClose={close} title="What the job would do now">
        <JobPlanView id={job.id} />
      </Dialog>
      <Dialog open={open === 'cancel'} onClose={close} title="Cancel the job">
        <Cancel job={job} onClose={close} />
      </Dialog>
      <Dialog open={open === 'settle'} onClose={close} title="Settle the step by hand">
        <Settle job={job} onClose={close} />
      </Dialog>
      <Dialog open={open === 'setPriority'} onClose={close} title="Change the priority">
        <Priority job={job} onClose={close} />
      </Dialog>
    </>
  )
}

const Cancel = ({ job, onClose }: { job: Job; onClose: () => void }) => (
  <ReasonForm
    danger
    submitLabel="Cancel the job"
    send={(reason, key) => cancelJob(job.id, reason, key)}
    onDone={() => toast.done(t`The job is being cancelled`)}
    onClose={onClose}
  >
    What it has begun is undone, step by step, and the job ends as cancelled. A job that waits behind another
    one of the same thing is cancelled when its turn comes.
  </ReasonForm>
)

const WAYS = [
  {
    value: 'done',
    title: t`It was done by hand`,
    detail: t`Somebody has seen to it on the system itself; the next steps can rely on it.`,
  },
  {
    value: 'skipped',
    title: t`It is not needed`,
    detail: t`The job goes on without what this step would have done.`,
  },
]

function Settle({ job, onClose }: { job: JobDetail; onClose: () => void }) {
  const of = useApiForm<{ how: 'done' | 'skipped'; reason: string }, Job>({
    defaultValues: { how: 'done', reason: '' },
    send: (values, key) => settleJobStep(job.id, values, key),
    onDone: () => {
      toast.done(t`The job goes on behind the step`)
      onClose()
    },
  })
  const stopped = job.steps.findLast(({ state }) =>
    (job.phase === 'undo' ? ['undo_failed', 'undoing'] : ['failed', 'running']).includes(state),
  )
  const step = stopped?.title ?? t`no step`
  return (
    <Form of={of} danger submitLabel="Go on behind the step" onCancel={onClose}>
      <p>
        {job.phase === 'undo' ? (
          <>
            The job stopped while undoing <b>{step}</b>. Your word is taken for it and kept in the audit log.
            Later steps still read back what is true.
          </>
        ) : (
          <>
            The job stopped at <b>{step}</b>. Your word is taken for it and kept in the audit log. Later steps
            still read back what is true.
          </>
        )}
      </p>
      <RadioCards
        label="How it stands"
        name="how"
        options={WAYS}
        value={of.form.watch('how')}
        onChange={(how) => of.form.setValue('how', how === 'done' ? 'done' : 'skipped')}
      />
      <Field label="Reason" error={of.errorOf('reason')}>
        <Input maxLength={500} {...of.form.register('reason', { required: REQUIRED })} />
      </Field>
    </Form>
  )
}

function Priority({ job, onClose }: { job: Job; onClose: () => void }) {
  const of = useApiForm<{ priority: number }, Job>({
    defaultValues: { priority: job.priority },
    send: ({ priority }, key) => setJobPriority(job.id, priority, key),
    onDone: () => {
      toast.done(t`The priority was changed`)
      onClose()
    },
  })
  return (
    <Form of={of} submitLabel="Change" onCancel={onClose}>
      <Field
        label="Priority"
        hint="Lower runs first; 100 is ordinary. The order of jobs of the same thing stays."
        error={of.errorOf('priority')}
      >
        <Input type="number" {...of.form.register('priority', wholeNumber(1, 1_000))} />
      </Field>
    </Form>
  )
}
