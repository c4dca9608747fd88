import { clsx } from 'clsx'
import { useId, type ComponentProps, type ReactNode } from 'react'
import { Spinner } from './Spinner.tsx'
import { Tooltip } from './Tooltip.tsx'

type Variant = 'primary' | 'secondary' | 'danger' | 'ghost'

const VARIANTS: Record<Variant, string> = {
  primary: 'bg-accent-fill text-on-fill not-aria-disabled:hover:bg-accent-fill-hover',
  secondary: 'border border-line-strong bg-surface text-text not-aria-disabled:hover:bg-raised',
  danger: 'bg-danger-fill text-on-fill not-aria-disabled:hover:bg-danger-fill-hover',
  ghost: 'text-text not-aria-disabled:hover:bg-raised',
}

/** The look of a button, for links that act as one. */
export const buttonClass = (variant: Variant = 'secondary', size: 'md' | 'sm' | 'icon' = 'md'): string =>
  clsx(
    'inline-flex shrink-0 items-center justify-center gap-2 rounded-md font-medium whitespace-nowrap transition-colors',
    size === 'md' && 'h-9 px-3.5',
    size === 'sm' && 'h-8 px-2.5 text-[13px]',
    size === 'icon' && 'size-9',
    VARIANTS[variant],
    'aria-disabled:cursor-not-allowed aria-disabled:border aria-disabled:border-line aria-disabled:bg-raised aria-disabled:text-muted',
  )

export type ButtonProps = Omit<ComponentProps<'button'>, 'disabled'> & {
  variant?: Variant
  size?: 'md' | 'sm' | 'icon'
  loading?: boolean
  /** Why it cannot be used now. The button stays focusable and says so. */
  disabledReason?: string | undefined
  icon?: ReactNode
}

export function Button({
  variant,
  size,
  loading = false,
  disabledReason,
  icon,
  className,
  children,
  onClick,
  type = 'button',
  ...rest
}: ButtonProps) {
  const reasonId = useId()
  const blocked = loading || disabledReason !== undefined
  const button = (
    <button
      {...rest}
      // A blocked submit button must not submit by Enter either.
      type={blocked ? 'button' : type}
      aria-disabled={blocked || undefined}
      aria-busy={loading || undefined}
      aria-describedby={disabledReason === undefined ? rest['aria-describedby'] : reasonId}
      className={clsx(buttonClass(variant, size), className)}
      onClick={(event) => (blocked ? event.preventDefault() : onClick?.(event))}
    >
      {loading ? <Spinner /> : icon}
      {children}
    </button>
  )
  if (disabledReason === undefined) return button
  return (
    <>
      <Tooltip text={disabledReason}>{button}</Tooltip>
      <span id={reasonId} hidden>
        {disabledReason}
      </span>
    </>
  )
}
