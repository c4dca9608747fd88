import { Link } from '@tanstack/react-router'
import { SquareTerminal } from 'lucide-react'
import { canPod } from '../../../shared/states/cloudPod.ts'
import type { CloudPod } from '../api/cloudPods.ts'
import { paths } from '../paths.ts'
import { Button, buttonClass } from '../ui/Button.tsx'
import { NO_PERMISSION, useSession } from './session.ts'

/** Leads to the console of a pod, or says why there is none now. */
export function ConsoleButton({ pod }: { pod: CloudPod }) {
  const { can, tenant } = useSession()
  const verdict = canPod.console(pod)
  const icon = <SquareTerminal aria-hidden className="size-4" />
  const reason = can('cloudpods:console', pod.tenantId)
    ? verdict.allowed
      ? undefined
      : verdict.reason
    : NO_PERMISSION('cloudpods:console')
  if (reason !== undefined)
    return (
      <Button icon={icon} disabledReason={reason}>
        Console
      </Button>
    )
  return (
    <Link {...paths.cloudPodConsole(tenant.slug, pod.id)} className={buttonClass()}>
      {icon}
      Console
    </Link>
  )
}
