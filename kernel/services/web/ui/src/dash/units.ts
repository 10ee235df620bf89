/** Numbers in the units dashboards name. */
import { humanNumber } from '../lib/format';

export interface Formatted {
  readonly prefix: string;
  readonly number: string;
  readonly suffix: string;
}

/** A value in a unit; without decimals, as many as it needs. */
export function formatUnit(unit: string, value: number, decimals?: number, zone: 'local' | 'utc' = 'local'): Formatted {
  void zone;
  return {
    prefix: '',
    number: decimals === undefined ? humanNumber(value) : value.toFixed(decimals),
    suffix: unit === '' ? '' : ` ${unit}`,
  };
}
