/** Who may do what over HTTP: TLS, logins, requests of browsers, limits of clients. */
@NullMarked
package io.narthex.http.access;

import org.jspecify.annotations.NullMarked;
