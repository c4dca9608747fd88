import type { ComponentProps } from 'react'
import { t } from '../../../shared/text.ts'
import { countries } from '../lib/countries.ts'
import { Select } from '../ui/Field.tsx'

/** A country by its name; its value is the code. @param none what the empty choice says */
export function CountrySelect({ none = t`Choose`, ...rest }: ComponentProps<'select'> & { none?: string }) {
  return (
    <Select autoComplete="off" {...rest}>
      <option value="">{none}</option>
      {countries.map(([code, name]) => (
        <option key={code} value={code}>
          {name}
        </option>
      ))}
    </Select>
  )
}
