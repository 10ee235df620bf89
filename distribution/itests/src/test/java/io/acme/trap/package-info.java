/** Put into bundles of the server by the tests, to have them fail when they are told to. */
@NullMarked
package io.acme.trap;

import org.jspecify.annotations.NullMarked;
