/** Go templates: engine, functions, data models, and the service on top. */
@NullMarked
package io.narthex.template;

import org.jspecify.annotations.NullMarked;
