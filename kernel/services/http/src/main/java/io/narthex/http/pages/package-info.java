/** What the pages keep on the server: dashboards and the queries of users. */
@NullMarked
package io.narthex.http.pages;

import org.jspecify.annotations.NullMarked;
