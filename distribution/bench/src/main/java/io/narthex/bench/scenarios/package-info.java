/** Plays scenario files of Alertmanager's acceptance tests against a server, over HTTP. */
@org.jspecify.annotations.NullMarked
package io.narthex.bench.scenarios;
