package io.narthex.http;

import io.narthex.service.query.QueryException;
import io.narthex.spi.storage.StorageException;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.ext.ExceptionMapper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Turns exceptions of the resources into answers of the Prometheus API. */
final class ErrorMappers {
  private ErrorMappers() {}

  /** Answers with the exception's own type. */
  static final class Api implements ExceptionMapper<ApiException> {
    @Override
    public Response toResponse(ApiException e) {
      return io.narthex.http.Api.error(e.error(), String.valueOf(e.getMessage()));
    }
  }

  /** Answers for a query that cannot be answered. */
  static final class Query implements ExceptionMapper<QueryException> {
    @Override
    public Response toResponse(QueryException e) {
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
      return io.narthex.http.Api.error(
          error,
          error == ApiError.BAD_DATA && !text.startsWith("invalid parameter")
              ? "invalid parameter \"query\": " + text
              : text);
    }
  }

  /** Answers for a storage that fails or is being replaced. */
  static final class Storage implements ExceptionMapper<StorageException> {
    @Override
    public Response toResponse(StorageException e) {
      ApiError error =
          e instanceof StorageException.Closed ? ApiError.UNAVAILABLE_503 : ApiError.INTERNAL;
      return io.narthex.http.Api.error(error, String.valueOf(e.getMessage()));
    }
  }

  /** Answers for everything else: our bug, logged. */
  static final class Other implements ExceptionMapper<RuntimeException> {
    private static final Logger LOG = LoggerFactory.getLogger(Other.class);

    @Override
    public Response toResponse(RuntimeException e) {
      if (e instanceof WebApplicationException web) {
        return web.getResponse();
      }
      LOG.error("request failed", e);
      return io.narthex.http.Api.error(ApiError.INTERNAL, "internal error: " + e);
    }
  }
}
