/** What is wrong with an operation or an update. Nothing has changed. */
export type TextErrorCode =
  /** A position is not in the text, a text has half of a surrogate pair, or what should be an operation is none. */
  | 'bad_operation'
  /** What came is damaged, or of another version. */
  | 'bad_update'
  /** It would be larger than it may be. */
  | 'limit_exceeded'
  /** Two replicas write under one agent's name. */
  | 'agent_reused'
  /** The author of a log's entry had not seen enough of the log. */
  | 'rebase_required';

/** The one kind of error that this library makes. Branch on `code`; show `message` to developers. */
export class TextError extends Error {
  override readonly name = 'TextError';
  readonly code: TextErrorCode;

  constructor(code: TextErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
