-- The role of 003-role.sql gets its password. For the try-out of docker-compose.yml alone.
ALTER ROLE notifyd PASSWORD 'try-out';
