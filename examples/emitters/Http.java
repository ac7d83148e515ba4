import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;

/** Asks over HTTP that a model forgets a subject. JDK 17, no dependency: java Http.java BASE_URL MODEL SUBJECT */
public class Http {
  public static void main(String[] args) throws Exception {
    // Made once, and sent again as it is for as long as there is no answer: it counts once.
    String body =
        """
        {"request_id":"%s","emitter":"shop","model_key":"%s","scope":{"subject":"%s"},
         "regulation":"REGULATION_GDPR","submitted_time":"%s"}"""
            .formatted(UUID.randomUUID(), args[1], args[2], Instant.now());
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(args[0] + "/v1/deletions"))
            .timeout(Duration.ofSeconds(30))
            .header("content-type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body));
    String token = System.getenv("LETHE_TOKEN");
    if (token != null) request.header("authorization", "Bearer " + token);
    HttpClient client = HttpClient.newHttpClient();
    for (int attempt = 1; ; attempt++) {
      try {
        HttpResponse<String> answer =
            client.send(request.build(), HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() < 300) {
          // Keep the receipt: it says what was promised, signed.
          System.out.println(answer.body());
          return;
        }
        boolean mayHelp = answer.statusCode() == 429 || answer.statusCode() >= 500;
        if (!mayHelp || attempt == 8) throw new IllegalStateException(answer.body());
      } catch (IOException error) {
        if (attempt == 8) throw error;
      }
      Thread.sleep(Math.min(30_000, 250L << attempt));
    }
  }
}
