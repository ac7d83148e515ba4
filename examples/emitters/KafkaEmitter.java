import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Asks through a topic that a model forgets a subject. Maven: org.apache.kafka:kafka-clients.
 * java -cp 'libs/*' KafkaEmitter.java BROKERS MODEL SUBJECT
 */
public class KafkaEmitter {
  public static void main(String[] args) throws Exception {
    String id = UUID.randomUUID().toString();
    String event =
        """
        {"specversion":"1.0","type":"lethe.deletion.request.v1","source":"shop","id":"%s","time":"%s",
         "data":{"model_key":"%s","scope":{"subject":"%s"},"regulation":"GDPR"}}"""
            .formatted(id, Instant.now(), args[1], args[2]);
    Map<String, Object> config = Map.of("bootstrap.servers", args[0], "enable.idempotence", true);
    try (KafkaProducer<String, String> producer =
        new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
      // The key is what order is needed for, for example the model; never a person.
      ProducerRecord<String, String> record =
          new ProducerRecord<>("deletion.intake.v1", args[1], event);
      record
          .headers()
          .add("content-type", "application/cloudevents+json".getBytes(StandardCharsets.UTF_8));
      producer.send(record).get();
    }
    // The receipt comes on deletion.receipt.v1.
    System.out.println(id);
  }
}
