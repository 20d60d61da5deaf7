// What Swift takes for true in headers and queries (common/utils.py, config_true_value). Pure.

const TRUE = new Set(['true', '1', 'yes', 'on', 't', 'y']);

export function isTrue(value: string | undefined): boolean {
  return value !== undefined && TRUE.has(value.toLowerCase());
}
