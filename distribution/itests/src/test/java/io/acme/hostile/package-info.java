/** Plugins that do what plugins must not do; packed and dropped into a server by the tests. */
@NullMarked
package io.acme.hostile;

import org.jspecify.annotations.NullMarked;
