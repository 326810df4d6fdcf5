import { UsageError } from '../../../base/errors.ts';

/** A mistake in the text of a template, in the words of Go's parser. */
export class TemplateSyntaxError extends UsageError {}

/** A template that does not fit the data it is given. */
export class TemplateExecError extends UsageError {}
