package io.narthex.service.query;

/** Origin of a query, for the query log and the metrics. */
public sealed interface QueryOrigin {
  /**
   * An HTTP request.
   *
   * @param clientIp address of the client, without its port
   * @param method for example {@code GET}
   * @param path path of the request, without route prefix and query string
   */
  record Request(String clientIp, String method, String path) implements QueryOrigin {}

  /**
   * A rule group.
   *
   * @param file its rule file
   * @param name its name
   */
  record RuleGroup(String file, String name) implements QueryOrigin {}

  /** The server itself, which warms up after its start: neither counted nor logged nor listed. */
  record WarmUp() implements QueryOrigin {}
}
