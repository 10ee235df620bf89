/** Many small inputs of what users have, each given to Narthex and to the original program. */
@NullMarked
package io.narthex.bench.contact;

import org.jspecify.annotations.NullMarked;
