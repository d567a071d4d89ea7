-- Charges are found in the log itself by the id that their caller gave them: an answer under it is given for ever, whatever
-- becomes of read models. No two charges on the platform open under one id: the backstop of the balance's own order.
CREATE UNIQUE INDEX events_charge_opening ON billing_log.events ((data ->> 'chargeId'))
  WHERE type IN ('ChargeReserved', 'ChargeDeclined');
CREATE INDEX events_charge ON billing_log.events ((data ->> 'chargeId'))
  WHERE type IN ('ChargeCaptured', 'ChargeReleased', 'ChargeExpired', 'ChargeUncollected');
