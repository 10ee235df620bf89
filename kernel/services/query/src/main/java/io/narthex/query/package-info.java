/** The PromQL engine: evaluates syntax trees over the samples of a storage. */
@NullMarked
package io.narthex.query;

import org.jspecify.annotations.NullMarked;
