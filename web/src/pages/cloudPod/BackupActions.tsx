import { ArchiveRestore, CopyPlus, Lock, LockOpen, Trash2 } from 'lucide-react'
import type { ComponentType } from 'react'
import { canBackup } from '../../../../shared/states/cloudPodBackup.ts'
import { t } from '../../../../shared/text.ts'
import type { CloudPod } from '../../api/cloudPods.ts'
import { deleteBackup, protectBackup, type CloudPodBackup } from '../../api/cloudPodBackups.ts'
import { useSubmit } from '../../api/submit.ts'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { locale } from '../../lib/language.ts'
import { Button } from '../../ui/Button.tsx'
import { toast } from '../../ui/Toast.tsx'

const failed = (what: string) => ({
  onError: (error: Error) => toast.failed(what, error.message),
})

/** What can be done with one backup, as a row of icons. */
export function BackupActions({
  pod,
  backup,
  onRestore,
}: {
  pod: CloudPod
  backup: CloudPodBackup
  onRestore: (to: 'place' | 'new') => void
}) {
  const { can } = useSession()
  const removal = useSubmit({
    send: deleteBackup,
    onDone: () => toast.done(t`Deletion of the backup requested`),
  })
  const protection = useSubmit({
    send: protectBackup,
    onDone: (after: CloudPodBackup) =>
      toast.done(after.protected ? t`The backup is protected` : t`The backup is not protected any more`),
  })
  const whyNot = (
    permission: 'cloudpods:backup' | 'cloudpods:create',
    verdict: ReturnType<typeof canBackup.protect>,
  ): string | undefined => {
    if (!can(permission, pod.tenantId)) return NO_PERMISSION(permission)
    return verdict.allowed ? undefined : verdict.reason
  }
  const at = new Date(backup.takenAt ?? backup.createdAt).toLocaleString(locale)
  return (
    <span className="inline-grid grid-cols-[auto_auto] gap-1 sm:grid-cols-[repeat(4,auto)]">
      <Icon
        of={ArchiveRestore}
        label={t`Restore the backup of ${at} over this CloudPod`}
        refusal={whyNot('cloudpods:backup', canBackup.restore(pod, backup))}
        onClick={() => onRestore('place')}
      />
      <Icon
        of={CopyPlus}
        label={t`Restore the backup of ${at} to a new CloudPod`}
        refusal={whyNot('cloudpods:create', canBackup.restoreToNew(backup))}
        onClick={() => onRestore('new')}
      />
      <Icon
        of={backup.protected ? LockOpen : Lock}
        label={
          backup.protected ? t`End the protection of the backup of ${at}` : t`Protect the backup of ${at}`
        }
        refusal={whyNot('cloudpods:backup', canBackup.protect(backup))}
        onClick={() => protection.mutate(backup, failed(t`The protection was not changed`))}
      />
      <Icon
        of={Trash2}
        label={t`Delete the backup of ${at}`}
        refusal={whyNot('cloudpods:backup', canBackup.delete(backup))}
        onClick={() => removal.mutate(backup, failed(t`The backup was not deleted`))}
      />
    </span>
  )
}

function Icon({
  of: Picture,
  label,
  refusal,
  onClick,
}: {
  of: ComponentType<{ className?: string; 'aria-hidden'?: boolean }>
  label: string
  refusal: string | undefined
  onClick: () => void
}) {
  return (
    <Button size="icon" variant="ghost" aria-label={label} disabledReason={refusal} onClick={onClick}>
      <Picture aria-hidden className="size-4" />
    </Button>
  )
}
