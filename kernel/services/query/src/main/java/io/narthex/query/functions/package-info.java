/**
 * The functions of the language: one kernel each, in {@link
 * io.narthex.query.functions.FunctionTable}.
 */
@NullMarked
package io.narthex.query.functions;

import org.jspecify.annotations.NullMarked;
