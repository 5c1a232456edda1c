/**
 * Something that the person at the keyboard can mend.
 *
 * `message` is the one sentence that they are shown: what is wrong and what to do. `output` is what a failed program
 * printed, shown above the sentence, because a build error is of no use without its text.
 */
export class Problem extends Error {
  constructor(sentence, { output = '', cause } = {}) {
    super(sentence, { cause });
    this.name = 'Problem';
    this.output = output;
  }
}

/**
 * Turns any failure into a {@link Problem}. Operating system errors reach us in two forms, as a Node error with a code
 * or as text printed by PostgreSQL, Redis or npm: both are recognised, so that a full disk reads the same everywhere.
 */
export function asProblem(error) {
  const text = `${error.code ?? ''} ${error.message ?? ''} ${error.output ?? ''}`;
  const output = error.output ?? '';
  if (/ENOSPC|No space left on device|Check free disk space/i.test(text)) {
    return new Problem('The disk is full: free some space and run the same command again; nothing was lost.', {
      output,
      cause: error,
    });
  }
  if (/EROFS|Read-only file system/i.test(text)) {
    return new Problem('This folder is read-only: move the project to a place you may write to.', {
      output,
      cause: error,
    });
  }
  if (error instanceof Problem) return error;
  if ((error.code === 'EACCES' || error.code === 'EPERM') && error.path) {
    return new Problem(`${error.path} belongs to another user: run as that user, or give it to you with chown.`, {
      cause: error,
    });
  }
  return new Problem(error.message, { output: output || (error.stack ?? ''), cause: error });
}
