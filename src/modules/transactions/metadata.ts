import { mergePatch } from '../../common/http/merge-patch';
import { VALIDATION_FAILED } from '../../common/problems/http.problems';
import { Problem } from '../../common/problems/problem';
import { isMetadata } from './core/metadata';

/**
 * Metadata after a change: keys that are not sent stay, null removes one (RFC 7396).
 * @throws Problem `validation-failed` when both together are too much
 */
export function patchMetadata(current: Record<string, unknown>, patch: Record<string, unknown>): object {
  const merged = mergePatch(current, patch);
  if (isMetadata(merged)) return merged;
  throw new Problem(VALIDATION_FAILED, 'With what is there already the metadata is too large.', {
    errors: [{ pointer: '/metadata', detail: 'must stay within 50 keys, 5 levels and 16384 bytes after the change' }],
  });
}
