/** Tests of the whole: bundles in the real framework, the packed distribution as a process. */
@NullMarked
package io.narthex.itests;

import org.jspecify.annotations.NullMarked;
