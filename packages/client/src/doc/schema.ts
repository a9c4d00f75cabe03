import type { TuttiError } from '../error.ts';
import { badOperation } from './json.ts';

/**
 * A validator of values by the Standard Schema interface, version 1, whose
 * output is T. Those of zod, valibot, arktype and others have it.
 */
export interface Schema<T> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<T> | Promise<SchemaResult<T>>;
    readonly types?: { readonly input: unknown; readonly output: T } | undefined;
  };
}

export type SchemaResult<T> =
  | { readonly value: T; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Returns the schema's output, or an error bad_operation that says what does not fit. */
export function validate<T>(schema: Schema<T>, value: unknown): { value: T } | { error: TuttiError } {
  let result: SchemaResult<T> | Promise<SchemaResult<T>>;
  try {
    result = schema['~standard'].validate(value);
  } catch (error) {
    return { error: badOperation(`The schema failed: ${error instanceof Error ? error.message : error}`) };
  }
  if ('then' in result) {
    result.then(undefined, () => {});
    return {
      error: badOperation('The schema answers with a promise; only one that answers at once can be used.'),
    };
  }
  if (!result.issues) return { value: result.value };
  return {
    error: badOperation(`The value does not fit its schema: ${result.issues.map(describe).join('; ')}`),
  };
}

function describe({ message, path }: SchemaIssue): string {
  const at = path?.map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
  return at ? `${at}: ${message}` : message;
}
