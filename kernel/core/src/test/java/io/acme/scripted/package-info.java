/** A plugin for tests that does what a text in its jar says. */
@org.jspecify.annotations.NullMarked
package io.acme.scripted;
