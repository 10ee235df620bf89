/** Classes that replace those of the library, see the module's README. */
@NullMarked
package com.google.re2j;

import org.jspecify.annotations.NullMarked;
