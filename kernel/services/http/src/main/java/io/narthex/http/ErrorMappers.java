package io.narthex.http;

import io.narthex.service.query.QueryException;
import io.narthex.spi.storage.StorageException;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.ext.ExceptionMapper;
import java.io.EOFException;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Maps exceptions of the resources to error responses of the Prometheus API. */
final class ErrorMappers {
  private ErrorMappers() {}

  private static final Logger LOG = LoggerFactory.getLogger(ErrorMappers.class);

  /** The error that is returned for an exception. */
  record Fault(ApiError error, String text) {}

  /** Returns the error for an exception of a resource; an unexpected one is logged. */
  static Fault fault(RuntimeException e) {
    return switch (e) {
      case ApiException api -> new Fault(api.error(), String.valueOf(api.getMessage()));
      case QueryException query -> fault(query);
      case StorageException.Closed closed ->
          new Fault(ApiError.UNAVAILABLE_503, String.valueOf(closed.getMessage()));
      case StorageException storage ->
          new Fault(ApiError.INTERNAL, String.valueOf(storage.getMessage()));
      default -> {
        LOG.error("request failed", e);
        yield new Fault(ApiError.INTERNAL, "internal error: " + e);
      }
    };
  }

  /**
   * Returns the error for a body that cannot be read to its end. Mostly the client has closed the
   * connection, and the response is not read; anything else is logged.
   */
  static Fault fault(IOException e) {
    if (e instanceof EOFException) {
      LOG.debug("a client closed the connection before the end of its request: {}", e.toString());
      return new Fault(ApiError.BAD_DATA, "the request ended before its body did");
    }
    LOG.error("request failed", e);
    return new Fault(ApiError.INTERNAL, "internal error: " + e);
  }

  private static Fault fault(QueryException e) {
    ApiError error =
        switch (e.kind()) {
          case BAD_DATA -> ApiError.BAD_DATA;
          case EXECUTION -> ApiError.EXECUTION;
          case CANCELED -> ApiError.CANCELED;
          case TIMEOUT -> ApiError.TIMEOUT;
          case INTERNAL -> ApiError.INTERNAL;
          case UNAVAILABLE -> ApiError.UNAVAILABLE_503;
        };
    String text = String.valueOf(e.getMessage());
    // the API names the parameter where parsing fails
    return new Fault(
        error, error == ApiError.BAD_DATA ? "invalid parameter \"query\": " + text : text);
  }

  /** Maps everything that resources throw. */
  static final class All implements ExceptionMapper<RuntimeException> {
    @Override
    public Response toResponse(RuntimeException e) {
      if (e instanceof WebApplicationException web) {
        return web.getResponse();
      }
      Fault fault = fault(e);
      return Api.error(fault.error(), fault.text());
    }
  }

  /** Maps bodies that cannot be read to their end. */
  static final class Io implements ExceptionMapper<IOException> {
    @Override
    public Response toResponse(IOException e) {
      Fault fault = fault(e);
      return Api.error(fault.error(), fault.text());
    }
  }
}
